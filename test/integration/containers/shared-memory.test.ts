import { beforeAll, expect, onTestFinished, test } from "vitest";
import { type DockerCommand, must } from "../../support/docker-command";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { dockerOnEngine } from "./docker-on-engine";

const engine = useEngineOfThisFile();
let docker: DockerCommand;
let image: string;

beforeAll(async () => {
  ({ docker, image } = await dockerOnEngine(engine));
});

async function running(name: string, ...args: readonly string[]): Promise<void> {
  onTestFinished(async () => void (await docker(["rm", "-f", name])));
  await must(docker, "run", "-d", "--name", name, ...args, image, "sleep", "1000");
}

test("who joins a container's IPC has its shared memory, and so has who joins that one", async () => {
  await running("donor", "--ipc", "shareable", "--shm-size", "3m");
  await running("joined", "--ipc", "container:donor");
  await running("third", "--ipc", "container:joined");
  await must(docker, "exec", "donor", "sh", "-c", "echo shared > /dev/shm/file");

  expect(await must(docker, "exec", "third", "cat", "/dev/shm/file")).toBe("shared");
  expect(await must(docker, "exec", "joined", "sh", "-c", "df -k /dev/shm | tail -n 1 | awk '{print $2}'")).toBe(
    "3072",
  );

  await must(docker, "restart", "-t", "0", "donor");
  expect(await must(docker, "exec", "donor", "ls", "/dev/shm")).toBe("");
});

test("nobody joins the IPC of a container that does not share it", async () => {
  await running("private-one");
  const { stderr, exitCode } = await docker(["run", "--rm", "--ipc", "container:private-one", image, "true"]);

  expect(stderr).toContain("non-shareable IPC (hint: use IpcMode:shareable for the donor container)");
  expect(exitCode).toBe(125);
});

test("a container without IPC has no shared memory", async () => {
  expect(
    await must(docker, "run", "--rm", "--ipc", "none", image, "sh", "-c", "grep -c ' /dev/shm ' /proc/mounts || true"),
  ).toBe("0");
});
