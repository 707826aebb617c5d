import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { EngineClient } from "../../../src/client/client";
import { connect } from "../../../src/client/connect";
import { awaitEngineEnd } from "../../../src/client/engine-end";
import { removeStateFolder } from "../../../src/client/remove-state";
import { run } from "../../../src/internal/exec";
import { type TestEngine, useTestEngine } from "../../support/engine";

const image = "host/busybox:local";
const keep = "precious";

let engine: TestEngine;
let filled: Filled;
/** The folder as it was filled. */
let copy: string;

beforeAll(async () => {
  engine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_HOST: "", RUNCIBLE_IDLE_SECONDS: "600" });
  filled = await fillAndEnd();
  copy = `${engine.stateFolder}-copy`;
  await run("cp", ["-a", engine.stateFolder, copy]);
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await rm(copy, { recursive: true });
});

beforeEach(async () => {
  await removeStateFolder(engine.stateFolder);
  await run("cp", ["-a", copy, engine.stateFolder]);
});

const inState = (...parts: string[]): string => join(engine.stateFolder, ...parts);

async function withEngine<T>(use: (client: EngineClient) => Promise<T>): Promise<T> {
  const { client } = await connect();
  try {
    return await use(client);
  } finally {
    await client.system.shutdown();
    client.close();
    await awaitEngineEnd(engine.stateFolder);
  }
}

interface Filled {
  readonly container: string;
  readonly network: string;
}

/** An image, a container that ended, a network, and a volume with a file in it; then the engine ends. */
async function fillAndEnd(): Promise<Filled> {
  return await withEngine(async (client) => {
    await client.images.buildHostImage({ Name: image, Executables: ["busybox"], Config: {} });
    const { Id: network } = await client.networks.create({ Name: "between" });
    const { Id: container } = await client.containers.create(
      { Image: image, Cmd: ["busybox", "sh", "-c", `echo ${keep} >/data/file`], HostConfig: { Binds: ["kept:/data"] } },
      { name: "ended" },
    );
    await client.containers.start(container);
    await client.containers.wait(container);
    return { container, network };
  });
}

/** What the volume's file has, read by a container of the next engine. */
async function keptText(client: EngineClient): Promise<string> {
  const { Id } = await client.containers.create({
    ...{ Image: image, Cmd: ["busybox", "sleep", "60"] },
    HostConfig: { Binds: ["kept:/data"] },
  });
  await client.containers.start(Id);
  const chunks: Buffer[] = [];
  for await (const chunk of await client.containers.getArchive(Id, "/data/file")) chunks.push(chunk as Buffer);
  await client.containers.remove(Id, { force: true });
  return Buffer.concat(chunks).toString("latin1");
}

async function rewrite(path: string, change: (text: string) => string): Promise<void> {
  await writeFile(path, change(await readFile(path, "utf8")));
}

const folderOf: Readonly<Record<string, (filled: Filled) => string>> = {
  container: ({ container }) => inState("containers", container),
  network: ({ network }) => inState("networks", network),
  volume: () => inState("volumes", "kept"),
};

const damages: readonly (readonly [string, (text: string) => string])[] = [
  ["empty", () => ""],
  ["cut off", (text) => text.slice(0, text.length / 2)],
  ["null", () => "null"],
  ["a list", () => "[]"],
  ["without content", () => '{"format":1}'],
  ["edited to another name", (text) => text.replaceAll(/"(id|name)":"[^"]*"/g, '"$1":"../../etc"')],
  ["edited to wrong kinds", (text) => text.replaceAll(/:\{/g, ':7,"x":{').replaceAll(/:\[/g, ':{"x":[').slice(0, -1)],
];

test.each(damages)(
  "records that are %s do not keep the engine from starting, nor cost a volume its files",
  async (_how, damage) => {
    for (const folder of Object.values(folderOf)) await rewrite(join(folder(filled), "record.json"), damage);

    await withEngine(async (client) => {
      expect(await client.containers.list({ all: true })).toEqual([]);
      expect((await client.networks.list()).map(({ Name }) => Name).sort()).toEqual(["bridge", "host", "none"]);
      expect(await readdir(inState("containers"))).toEqual([]);
      expect(await keptText(client)).toContain(keep);
    });
  },
);

test("what was begun and never got its record is gone", async () => {
  for (const kind of ["containers", "networks", "volumes"])
    await mkdir(inState(kind, "begun", "_data"), { recursive: true });

  await withEngine((client) => client.system.info());

  for (const kind of ["containers", "networks", "volumes"]) expect(await readdir(inState(kind))).not.toContain("begun");
});

test.each(Object.keys(folderOf))(
  "a state folder with a %s of a newer version is refused and left as it is",
  async (kind) => {
    const record = join(folderOf[kind]?.(filled) ?? "", "record.json");
    await rewrite(record, (text) => text.replace('"format":1', '"format":2'));
    const before = await readFile(record, "utf8");

    await expect(connect()).rejects.toMatchObject({
      code: "state-too-new",
      message: expect.stringContaining("RUNCIBLE_STATE_DIR"),
    });

    expect(await readFile(record, "utf8")).toBe(before);
    await rewrite(record, (text) => text.replace('"format":2', '"format":1'));
    await withEngine(async (client) => expect(await keptText(client)).toContain(keep));
  },
);

test("an image index of a newer version is refused and left as it is", async () => {
  const index = inState("images", "index.json");
  await rewrite(index, (text) => text.replace('"format": 1', '"format": 2'));
  const before = await readFile(index, "utf8");

  await expect(connect()).rejects.toMatchObject({ code: "state-too-new" });

  expect(await readFile(index, "utf8")).toBe(before);
});

test.each([
  ["cut off", (text: string) => text.slice(0, text.length / 2)],
  ["empty", () => ""],
  ["null", () => "null"],
  ["an object of something else", () => '{"images":{}}'],
  [
    "edited to a digest that is a path",
    (text: string) => text.replace(/sha256:[0-9a-f]{64}/, "../../../../etc/passwd"),
  ],
  ["edited to an image without names", (text: string) => text.replace('"tags"', '"labels"')],
])("an image index that is %s is said to be damaged, with what mends it, and costs nothing", async (_how, damage) => {
  const index = inState("images", "index.json");
  const whole = await readFile(index, "utf8");
  await rewrite(index, damage);

  await expect(connect()).rejects.toMatchObject({
    code: "image-invalid",
    message: expect.stringMatching(/index\.json.*mend the file, or remove it/),
  });

  await writeFile(index, whole);
  await withEngine(async (client) => expect(await keptText(client)).toContain(keep));
});

test("an image whose blob is gone is forgotten, and comes again", async () => {
  const [entry] = (JSON.parse(await readFile(inState("images", "index.json"), "utf8")) as IndexFile).images;
  await writeFile(inState("images/blobs/sha256", entry?.manifest.digest.slice("sha256:".length) ?? ""), "");

  await withEngine(async (client) => {
    expect(await client.images.list()).toEqual([]);
    await client.images.buildHostImage({ Name: image, Executables: ["busybox"], Config: {} });
    expect(await keptText(client)).toContain(keep);
  });
});

interface IndexFile {
  readonly images: readonly { readonly manifest: { readonly digest: string } }[];
}

/** The folder of the image's one layer. */
async function layerFolder(): Promise<string> {
  const [name = ""] = (await readdir(inState("layers"))).filter((entry) => /^[0-9a-f]{64}$/.test(entry));
  return inState("layers", name);
}

/** What a power cut leaves of files that had not reached the disk. */
async function emptyFiles(folder: string): Promise<void> {
  await run("find", [join(folder, "diff"), "-type", "f", "-exec", "truncate", "--size=0", "{}", "+"]);
}

test.each([
  ["gone", (folder: string) => rm(folder, { recursive: true })],
  [
    "empty since the machine lost its power",
    async (folder: string) => {
      await emptyFiles(folder);
      const record = JSON.parse(await readFile(join(folder, "layer.json"), "utf8"));
      await writeFile(join(folder, "layer.json"), JSON.stringify({ ...record, bootId: "of another run" }));
    },
  ],
  [
    "empty, and so is their record",
    async (folder: string) => {
      await emptyFiles(folder);
      await writeFile(join(folder, "layer.json"), "");
    },
  ],
])("a container that was kept starts again when the files of its image are %s", async (_how, damage) => {
  await damage(await layerFolder());

  await withEngine(async (client) => {
    await client.containers.start(filled.container);
    expect(await client.containers.wait(filled.container)).toMatchObject({ StatusCode: 0 });
    expect(await keptText(client)).toContain(keep);
  });
});

test("a container whose image lost its files and their blob says so, and can be removed", async () => {
  await rm(await layerFolder(), { recursive: true });
  const [entry] = (JSON.parse(await readFile(inState("images", "index.json"), "utf8")) as IndexFile).images;
  const blob = (digest: string): string => inState("images/blobs/sha256", digest.slice("sha256:".length));
  const manifest = JSON.parse(await readFile(blob(entry?.manifest.digest ?? ""), "utf8"));
  await rm(blob(manifest.layers[0].digest));

  await withEngine(async (client) => {
    await expect(client.containers.start(filled.container)).rejects.toMatchObject({
      code: "image-incomplete",
      message: expect.stringMatching(/host\/busybox:local.*pull or build it again/),
    });
    await client.containers.remove(filled.container);
    await client.images.buildHostImage({ Name: image, Executables: ["busybox"], Config: {} });
    expect(await keptText(client)).toContain(keep);
  });
});

test("a damaged engine id and list of cgroups are made anew", async () => {
  await writeFile(inState("engine-id"), "x".repeat(1000));
  await writeFile(inState("run-cgroups"), "/etc\n\u0000\n/sys/fs/cgroup\n");

  await withEngine(async (client) => expect(await keptText(client)).toContain(keep));
  expect(await readFile(inState("engine-id"), "utf8")).toMatch(/^[0-9a-f]{8}\n$/);
});
