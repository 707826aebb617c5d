import { once } from "node:events";
import { lstat } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";
import { beforeAll, expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { type Answer, expectSettled, healthOf } from "./engine-health";

const engine = useNewEngineOfThisFile();
let socketPath: string;
let image: string;

beforeAll(async () => {
  await getRuntime();
  socketPath = join(engine.stateFolder, "engine.sock");
  image = await busyboxImage();
});

async function build(context: AsyncIterable<unknown>, query = ""): Promise<Answer> {
  const sent = request({ socketPath, method: "POST", path: `/build?${query}`, agent: false });
  const answered = once(sent, "response");
  const sending = pipeline(Readable.from(context), sent).catch(() => {});
  const [response] = await answered;
  const body = await text(response);
  await sending;
  return { status: response.statusCode, body };
}

function contextWith(dockerfile: string, fill: (context: Pack) => void = () => {}): Pack {
  const context = pack();
  context.entry({ name: "Dockerfile" }, dockerfile);
  fill(context);
  context.finalize();
  return context;
}

test("a context of two gigabytes streams through, and its memory is not needed", async () => {
  const before = await healthOf(engine.stateFolder);
  const size = 2 * 1024 ** 3;
  const context = pack();
  context.entry({ name: "Dockerfile" }, `FROM ${image}\nCOPY small /small\nRUN cat /small\n`);
  context.entry({ name: "small" }, "found\n");
  const large = context.entry({ name: "large", size }, () => context.finalize());
  const zeros = Buffer.alloc(1024 * 1024);
  void pipeline(
    Readable.from(
      (function* () {
        for (let sent = 0; sent < size; sent += zeros.length) yield zeros;
      })(),
    ),
    large,
  ).catch(() => {});

  const { status, body } = await build(context, "t=large:1");

  expect({ status, said: /found\\n/.test(body), built: body.includes("Successfully tagged large:1") }).toEqual({
    status: 200,
    said: true,
    built: true,
  });
  await expectSettled(engine.stateFolder, before);
});

test.each([
  ["a name with ../", (context: Pack) => void context.entry({ name: "../../escaped" }, "x")],
  [
    "a link to / and a file through it",
    (context: Pack) => {
      context.entry({ name: "link", type: "symlink", linkname: tmpdir() });
      context.entry({ name: "link/escaped" }, "x");
    },
  ],
  [
    "a hard link to a file of the machine",
    (context: Pack) => void context.entry({ name: "escaped", type: "link", linkname: "../../../../etc/shadow" }),
  ],
  ["an absolute name", (context: Pack) => void context.entry({ name: join(tmpdir(), "escaped") }, "x")],
])("a context with %s writes nothing outside", async (_what, fill) => {
  const { status, body } = await build(
    contextWith(`FROM ${image}\nCOPY . /c\nRUN cat /c/escaped /c/link/escaped || true\n`, fill),
  );

  expect([200, 400]).toContain(status);
  if (status === 400) expect(JSON.parse(body).message).not.toBe("");
  expect(body).not.toContain("root:");
  for (const folder of [tmpdir(), "/", engine.stateFolder]) {
    expect(await lstat(join(folder, "escaped")).catch(() => undefined)).toBeUndefined();
  }
});

test.each([
  ["no archive", Readable.from([Buffer.alloc(4096, "x")])],
  ["nothing", Readable.from([])],
  [
    "half an archive",
    Readable.from([Buffer.concat([Buffer.from("Dockerfile"), Buffer.alloc(90), Buffer.from("0000644\0")])]),
  ],
])("a context that is %s is refused with a sentence", async (_what, context) => {
  const { status, body } = await build(context);

  expect(status).toBe(400);
  expect(JSON.parse(body).message).toMatch(/\w+/);
});

test("a Dockerfile of ten megabytes, and one of a hundred thousand steps, are refused or built, and the engine goes on", async () => {
  const before = await healthOf(engine.stateFolder);

  const long = await build(contextWith(`FROM ${image}\nLABEL x="${"y".repeat(10 * 1024 * 1024)}"\n`));
  const many = await build(contextWith(`FROM ${image}\n${"NOSUCH 1\n".repeat(100_000)}`));

  expect([200, 400]).toContain(long.status);
  expect(many.status).toBe(400);
  await expectSettled(engine.stateFolder, before);
});

test("a build that is broken off leaves no container, no folder and no process", async () => {
  const before = await healthOf(engine.stateFolder);
  const sent = request({ socketPath, method: "POST", path: "/build?nocache=1", agent: false });
  sent.on("error", () => {});
  void pipeline(Readable.from(contextWith(`FROM ${image}\nRUN echo begun; sleep 1000\n`)), sent).catch(() => {});
  const [response] = await once(sent, "response");
  for await (const chunk of response) if (String(chunk).includes("begun")) break;

  sent.destroy();

  await expectSettled(engine.stateFolder, before);
});
