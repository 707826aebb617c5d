import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { readOutput } from "../../../src/client/output";
import { GenericContainer, Wait } from "../../../src/index";
import { startDocker, type TestDocker } from "../../support/docker";
import { loadTestImages } from "../../support/load-test-images";
import { rootTest } from "../../support/run-as";
import { type SshServer, startSshServer } from "../../support/ssh-server";

const needsRoot = "a Docker daemon needs root";
const image = "bb:latest";

let docker: TestDocker;
let server: SshServer;
let folder: string;

beforeAll(async () => {
  const started = await startDocker();
  if (started === undefined) throw new TypeError("dockerd did not come up; .ci/setup test installs it");
  docker = started;
  server = await startSshServer();
  folder = await mkdtemp(join(tmpdir(), "runcible-docker-over-ssh-"));
  await loadTestImages([docker.host], { [image]: "busybox" });
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await docker?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function useDockerOverSsh(): Promise<void> {
  const settings = {
    HOME: await server.home(`[127.0.0.1]:${server.port} ${server.hostKey}\n`),
    DOCKER_HOST: server.url + docker.host.slice("unix://".length),
    SSH_AUTH_SOCK: "",
    // It has tests of its own.
    TESTCONTAINERS_RYUK_DISABLED: "true",
  };
  const before = { ...process.env };
  onTestFinished(async () => {
    (await getRuntime()).engine.close();
    for (const name of Object.keys(settings)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });
  Object.assign(process.env, settings);
}

rootTest("a container on Docker is started, awaited by its log, looked into and stopped", needsRoot, async () => {
  await useDockerOverSsh();
  await using container = await new GenericContainer(image)
    .withNetworkMode("none")
    .withCommand(["sh", "-c", "echo ready; sleep 60"])
    .withWaitStrategy(Wait.forLogMessage("ready"))
    .start();

  const result = await container.exec(["sh", "-c", "echo out; echo err >&2; exit 3"]);

  expect(result).toMatchObject({ stdout: "out\n", stderr: "err\n", exitCode: 3 });
  expect(await docker.docker("ps", "--quiet", "--no-trunc")).toContain(container.getId());
});

rootTest("what is written to an attached container, and its end, reach it", needsRoot, async () => {
  await useDockerOverSsh();
  const { engine } = await getRuntime();
  const { Id } = await engine.containers.create({
    Image: image,
    Cmd: ["sh", "-c", "md5sum; echo and more"],
    OpenStdin: true,
    StdinOnce: true,
    HostConfig: { NetworkMode: "none" },
  });
  onTestFinished(() => engine.containers.remove(Id, { force: true }));
  const socket = await engine.containers.attach(Id, { stdin: true });
  await engine.containers.start(Id);
  socket.end(Buffer.alloc(5_000_000, "0123456789abcdef"));

  let output = "";
  for await (const { payload } of readOutput(socket)) output += payload.toString();

  expect(output).toMatch(/^[0-9a-f]{32} {2}-\nand more\n$/);
});

rootTest("BuildKit builds with a session through the same way", needsRoot, async () => {
  await useDockerOverSsh();
  const context = await mkdtemp(join(folder, "context-"));
  await writeFile(join(context, "Dockerfile"), `FROM ${image}\nCOPY word /word\n`);
  await writeFile(join(context, "word"), "hello\n");

  const built = await GenericContainer.fromDockerfile(context).withBuildkit().build();
  await using container = await built.withNetworkMode("none").withCommand(["sleep", "60"]).start();

  expect((await container.exec(["cat", "/word"])).stdout).toBe("hello\n");
});
