import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { TestEngine } from "../../support/engine";
import { storageFolderOf } from "../../support/storage-folder";
import { tarOf } from "../layer/layer-fixture";
import { startEngine } from "./engine-with-image";
import { gateRunc } from "./gated-runc";

const secret = "what only the host may read";

let engine: TestEngine;
let host: string;
/** On the host, of a volume with the folder `data/d` and a file `inside` in it. */
let volume: string;

beforeAll(async () => {
  engine = await startEngine();
  host = await mkdtemp(join(tmpdir(), "runcible-canary-"));
  await writeFile(join(host, "file"), secret);
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await rm(host, { recursive: true });
});

beforeEach(async () => {
  volume = await makeVolume(engine);
});

afterEach(async () => {
  const { containers, volumes } = engine.client;
  for (const { Id } of await containers.list({ all: true })) await containers.remove(Id, { force: true });
  await volumes.remove("shared");
});

async function makeVolume({ client }: TestEngine): Promise<string> {
  const { Mountpoint } = await client.volumes.create({ Name: "shared" });
  await mkdir(join(Mountpoint, "data/d"), { recursive: true });
  await writeFile(join(Mountpoint, "data/d/file"), "inside");
  return Mountpoint;
}

async function create(subpath: string, command = "cat /mnt/file", { client } = engine): Promise<string> {
  const { Id } = await client.containers.create({
    Image: "bb:latest",
    Cmd: ["sh", "-c", command],
    HostConfig: { Mounts: [{ Type: "volume", Source: "shared", Target: "/mnt", VolumeOptions: { Subpath: subpath } }] },
  });
  return Id;
}

async function outputOf(id: string): Promise<string> {
  const { containers } = engine.client;
  await containers.start(id);
  await containers.wait(id);
  return await text(await containers.logs(id));
}

async function swapForLink(folder: string): Promise<void> {
  await rename(join(folder, "data/d"), join(folder, "data/e"));
  await symlink(host, join(folder, "data/d"));
}

test("a subpath is a folder of the volume, to read and to write, and nothing stays mounted for it", async () => {
  const id = await create("./data/d/", "echo more > /mnt/more; cat /mnt/file");

  expect(await outputOf(id)).toBe("inside");

  expect((await readdir(join(volume, "data/d"))).sort()).toEqual(["file", "more"]);
  expect((await engine.client.containers.inspect(id)).Mounts).toMatchObject([{ Source: join(volume, "data/d") }]);
  const left = await readdir(join(await storageFolderOf(engine), "containers", id));
  expect(left.filter((name) => name.startsWith("source-"))).toEqual([]);
});

test("a subpath may be a file", async () => {
  expect(await outputOf(await create("data/d/file", "cat /mnt"))).toBe("inside");
});

test("a link in a volume leads to what it means inside the volume", async () => {
  await symlink("/data/d", join(volume, "link"));

  expect(await outputOf(await create("link"))).toBe("inside");
});

test("a subpath that a container made a link to the host shows nothing of the host", async () => {
  const id = await create("data/d");
  await swapForLink(volume);

  await expect(engine.client.containers.start(id)).rejects.toMatchObject({ code: "path-not-found" });
});

test("a subpath that becomes a link to the host during the start is what it was before", async () => {
  await using runc = await gateRunc();
  await using gated = await startEngine({ PATH: runc.path });
  const folder = await makeVolume(gated);
  const id = await create("data/d", "cat /mnt/file", gated);
  const started = gated.client.containers.start(id);
  // The engine has done its part, runc has not begun.
  await runc.reached();
  await swapForLink(folder);

  await runc.letThrough();
  await started;

  await gated.client.containers.wait(id);
  expect(await text(await gated.client.containers.logs(id))).toBe("inside");
  await gated.client.containers.remove(id);
});

test("a subpath that is missing fails the start in Docker's words, and a later start finds it", async () => {
  const id = await create("late");
  await expect(engine.client.containers.start(id)).rejects.toMatchObject({
    message: expect.stringContaining(`cannot access path "${join(volume, "late")}": no such file or directory`),
  });

  await rename(join(volume, "data/d"), join(volume, "late"));

  expect(await outputOf(id)).toBe("inside");
});

test("copies out of and into a container that is stopped do not leave the volume", async () => {
  const { containers } = engine.client;
  const id = await create("data/d");
  expect(await text(await containers.getArchive(id, "/mnt/file"))).toContain("inside");

  await swapForLink(volume);

  await expect(containers.getArchive(id, "/mnt/file")).rejects.toMatchObject({ code: "path-not-found" });
  const tar = tarOf([{ name: "planted", data: "x" }]);
  await expect(containers.putArchive(id, "/mnt", Readable.from([tar]))).rejects.toMatchObject({
    code: "path-not-found",
  });
  expect(await readdir(host)).toEqual(["file"]);
});
