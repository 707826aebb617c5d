import { createServer, type Server } from "node:net";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { GenericContainer } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { tarOf } from "../layer/layer-fixture";
import { busyboxImage } from "./busybox-image";

const engine = useEngineOfThisFile();

const content = (): Readable => Readable.from([Buffer.from("content")]);
const archive = (): Readable => Readable.from([tarOf([{ name: "archived", data: "archive" }])]);

/** Another program takes the port that was chosen for the first container. */
class LosesItsPort extends GenericContainer {
  readonly tries: string[] = [];

  protected override async containerCreated(id: string): Promise<void> {
    this.tries.push(id);
    if (this.tries.length > 1) return;
    const { HostConfig } = await engine.client.containers.inspect(id);
    const bindings = Object.values(HostConfig["PortBindings"] ?? {}).flat();
    // Another suite's program may have been first, which is as good.
    const server = await listen(Number(bindings[0]?.HostPort)).catch(() => undefined);
    onTestFinished(() => void server?.close());
  }
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

test("streams are copied in by the try that succeeds, after one whose port was taken", async () => {
  const request = new LosesItsPort(await busyboxImage())
    .withExposedPorts(80)
    .withEnvironment(({ port }) => ({ PORT: String(port(80)) }))
    .withCopyContentToContainer([{ content: content(), target: "/content" }])
    .withCopyArchivesToContainer([{ tar: archive(), target: "/" }])
    .withCommand(["httpd", "-f", "-p", "80"]);

  await using container = await request.start();

  expect(request.tries).toHaveLength(2);
  expect((await container.exec(["cat", "/content", "/archived"])).output).toBe("contentarchive");
});

test("a start again has the content of a stream that is in memory, and says that an archive was read", async () => {
  const request = new GenericContainer(await busyboxImage()).withCommand(["sleep", "60"]);
  request.withCopyContentToContainer([{ content: content(), target: "/content" }]);
  await (await request.start()).stop();

  await using again = await request.start();
  expect((await again.exec(["cat", "/content"])).output).toBe("content");

  request.withCopyArchivesToContainer([{ tar: archive(), target: "/" }]);
  await (await request.start()).stop();
  await expect(request.start()).rejects.toThrow(/copy a stream to \/: it was read already/);
});

test("a stream that two containers are to have is an error for the second one", async () => {
  const shared = content();
  const request = async (): Promise<GenericContainer> =>
    new GenericContainer(await busyboxImage())
      .withCommand(["sleep", "60"])
      .withCopyContentToContainer([{ content: shared, target: "/content" }]);
  await using _first = await (await request()).start();

  await expect((await request()).start()).rejects.toMatchObject({ code: "invalid-argument" });
});

test.each([
  [
    "content",
    (request: GenericContainer, tar: Readable) =>
      request.withCopyContentToContainer([{ content: tar, target: "/content" }]),
  ],
  [
    "archive whose environment knows its ports",
    (request: GenericContainer, tar: Readable) =>
      request
        .withExposedPorts(80)
        .withEnvironment(() => ({}))
        .withCopyArchivesToContainer([{ tar, target: "/content" }]),
  ],
])("a stream that fails makes the start fail with a code, and says which: %s", async (_what, copy) => {
  const broken = new Readable({
    read() {
      this.destroy(new Error("the source is gone"));
    },
  });
  const request = copy(new GenericContainer(await busyboxImage()).withCommand(["sleep", "60"]), broken);

  await expect(request.start()).rejects.toMatchObject({
    code: "invalid-argument",
    message: "read the stream to copy to /content: the source is gone",
  });
});

/** What was destroyed before, and what something else has read. */
async function useless(): Promise<Readonly<Record<"destroyed" | "read", Readable>>> {
  const [destroyed, read] = [archive(), archive()];
  destroyed.destroy();
  await buffer(read);
  return { destroyed, read };
}

test("what cannot be copied into a running container is an error that says so, at once", async () => {
  await using container = await new GenericContainer(await busyboxImage()).withCommand(["sleep", "60"]).start();
  const once = content();
  await container.copyContentToContainer([{ content: once, target: "/once" }]);
  const { destroyed, read } = await useless();
  const file = { source: __filename, target: "/folder" };
  const refused: readonly [shown: string, copy: () => Promise<void>][] = [
    ["it was read already", () => container.copyContentToContainer([{ content: once, target: "/twice" }])],
    ["no text, no bytes", () => container.copyContentToContainer([{ content: 5 as unknown as string, target: "/a" }])],
    ["the path of a file", () => container.copyContentToContainer([{ content: "a", target: "/a/" }])],
    ["is not a list", () => container.copyFilesToContainer(file as unknown as [])],
    ["withCopyFilesToContainer", () => container.copyDirectoriesToContainer([file])],
    ["give a new one", () => container.copyArchiveToContainer(destroyed)],
    ["give a new one", () => container.copyArchiveToContainer(read)],
    ["a method pipe", () => container.copyArchiveToContainer("/archive.tar" as unknown as Readable)],
  ];

  for (const [shown, copy] of refused) {
    await expect(copy()).rejects.toMatchObject({
      code: "invalid-argument",
      message: expect.stringContaining(shown),
    });
  }
});
