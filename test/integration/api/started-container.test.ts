import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import {
  AbstractStartedContainer,
  GenericContainer,
  LABEL_TESTCONTAINERS_SESSION_ID,
  type PortWithOptionalBinding,
} from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { busyboxImage } from "./busybox-image";

const engine = useEngineOfThisFile();

const sleeper = async (): Promise<GenericContainer> =>
  new GenericContainer(await busyboxImage()).withCommand(["sleep", "60"]);

test("files and folders are copied into a container that runs, with modes and all below", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runcible-copied-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, "below"));
  await writeFile(join(folder, "top"), "1", { mode: 0o640 });
  await writeFile(join(folder, "below", "deep"), "2", { mode: 0o600 });
  await using container = await (await sleeper()).start();

  await container.copyDirectoriesToContainer([
    { source: folder, target: "/kept" },
    { source: folder, target: "/changed", mode: 0o755 },
  ]);
  await container.copyFilesToContainer([{ source: join(folder, "top"), target: "/kept/other/" }]);

  const { output } = await container.exec([
    "sh",
    "-c",
    "find /kept /changed -type f | sort | xargs stat -c '%n %a %u'",
  ]);
  expect(output.trim().split("\n")).toEqual([
    ...["/changed/below/deep 755 0", "/changed/top 755 0"],
    ...["/kept/below/deep 600 0", "/kept/other/top 640 0", "/kept/top 640 0"],
  ]);
});

test("an image of a container has its files and changes, and is the session's unless it is to stay", async () => {
  await using container = await (await sleeper()).withLabels({ kept: "yes" }).start();
  await container.copyContentToContainer([{ content: "committed", target: "/file" }]);
  const changes = ["ENV A=b", 'CMD ["cat", "/file"]'];
  const { id: session } = await (await getRuntime()).session();

  for (const [deleteOnExit, label] of [
    [true, session],
    [false, ""],
  ] as const) {
    const options = { repo: "localhost/committed", tag: String(deleteOnExit), changes, author: "me", comment: "why" };
    const id = await container.commit({ ...options, deleteOnExit });

    const { Id, Author, Comment, Config } = await engine.client.images.inspect(`localhost/committed:${deleteOnExit}`);
    expect({ Id, Author, Comment }).toEqual({ Id: id, Author: "me", Comment: "why" });
    expect(Config?.Env).toContain("A=b");
    expect(Config?.Cmd).toEqual(["cat", "/file"]);
    expect(Config?.Labels).toMatchObject({ kept: "yes", [LABEL_TESTCONTAINERS_SESSION_ID]: label });
    await engine.client.images.remove(id, { force: true });
  }
  expect(changes).toHaveLength(2);
});

test("the first published port is the one that was named first", async () => {
  await using container = await (await sleeper()).withExposedPorts(8080, 10000).withWaitStrategy(soon).start();

  expect(container.getFirstMappedPort()).toBe(container.getMappedPort(8080));
});
const soon = { waitUntilReady: async () => {} } as unknown as Parameters<GenericContainer["withWaitStrategy"]>[0];

test("a module's hooks are called before and after its container stops", async () => {
  const seen: string[] = [];
  class Module extends AbstractStartedContainer {
    protected override async containerStopping(): Promise<void> {
      seen.push(`stopping ${(await this.exec(["echo", "still here"])).output.trim()}`);
    }

    protected override async containerStopped(): Promise<void> {
      const gone = await engine.client.containers.inspect(this.getId()).catch(({ code }) => code as string);
      seen.push(`stopped ${gone}`);
    }
  }

  await new Module(await (await sleeper()).start()).stop();

  expect(seen).toEqual(["stopping still here", "stopped container-not-found"]);
});

test("a subclass knows which ports are exposed, whatever they are bound to", async () => {
  class Asked extends GenericContainer {
    exposes(...ports: PortWithOptionalBinding[]): readonly boolean[] {
      return ports.map((port) => this.hasExposedPort(port));
    }
  }

  const asked = new Asked(await busyboxImage()).withExposedPorts(80, "53/udp", { container: 90, host: 9090 });

  expect(asked.exposes(80, "80/tcp", 90, "53/udp")).toEqual([true, true, true, true]);
  expect(asked.exposes(81, "80/udp", 53)).toEqual([false, false, false]);
});
