import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLogger } from "../../../src/internal/log";
import type { Digest } from "../../../src/runtime/image/digest";
import { type LayerStore, openLayerStore } from "../../../src/runtime/layer/layer-store";
import { waitUntil } from "../../support/wait-until";
import { diffIdOf, tarOf, unpack } from "./layer-fixture";

// What a machine that loses its power leaves is in test/faults/disk. Here are the store's rules.

let folder: string;
let searchPath: string | undefined;
const lines: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-power-"));
  searchPath = process.env["PATH"];
  lines.length = 0;
});

afterEach(async () => {
  process.env["PATH"] = searchPath;
  await rm(folder, { recursive: true });
});

const layersFolder = (): string => join(folder, "layers");
const bytes = tarOf([{ name: "f", data: "x" }]);
const diffId = diffIdOf(bytes);

const logger = createLogger((line) => lines.push(line));

/** Default: nothing is brought to the disk. */
function open(syncAfterMs?: number): Promise<LayerStore> {
  return openLayerStore(layersFolder(), { logger, ...(syncAfterMs === undefined ? {} : { syncAfterMs }) });
}

function recordPath(id: Digest): string {
  return join(layersFolder(), id.slice("sha256:".length), "layer.json");
}

async function bootIdOf(id: Digest): Promise<unknown> {
  return JSON.parse(await readFile(recordPath(id), "utf8")).bootId;
}

async function expectConfirmed(id: Digest): Promise<void> {
  expect(await waitUntil(async () => (await bootIdOf(id)) === undefined, 30_000)).toBe(true);
}

/** Has `sync` be a shell script, run in this test's folder. */
async function replaceSync(script: string): Promise<void> {
  const programs = join(folder, "programs");
  await mkdir(programs, { recursive: true });
  await writeFile(join(programs, "sync"), `#!/bin/sh\ncd ${folder}\n${script}\n`);
  await chmod(join(programs, "sync"), 0o755);
  process.env["PATH"] = `${programs}:${searchPath}`;
}

const syncsCounted = (): Promise<number> =>
  readFile(join(folder, "syncs"), "utf8").then(
    (text) => text.split("\n").length - 1,
    () => 0,
  );

test("a layer is marked as of this run of the machine until it is on the disk", async () => {
  const store = await open();
  await unpack(store, bytes);
  const thisRun = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  expect(await bootIdOf(diffId)).toBe(thisRun);

  // The next engine of the same run finds it whole, and sees to it.
  const next = await open(0);
  expect(await next.has(diffId)).toBe(true);

  await expectConfirmed(diffId);
  expect(await (await open()).has(diffId)).toBe(true);
  expect(await next.sizeOf(diffId)).toBe(bytes.length);
});

test("a layer of another run of the machine that is not known to be on the disk is none, and is unpacked again", async () => {
  const path = await unpack(await open(), bytes);
  const record = JSON.parse(await readFile(recordPath(diffId), "utf8"));
  await writeFile(recordPath(diffId), JSON.stringify({ ...record, bootId: "9f6c1a52-0000-4000-8000-000000000000" }));
  await writeFile(join(path, "f"), "");

  const store = await open(0);

  expect(await store.has(diffId)).toBe(false);
  expect(await store.sizeOf(diffId)).toBe(bytes.length);
  await unpack(store, bytes);
  expect(await store.has(diffId)).toBe(true);
  expect(await readFile(join(path, "f"), "utf8")).toBe("x");
  await expectConfirmed(diffId);
});

test("a layer taken in from a build is marked too", async () => {
  const store = await open();
  const upper = join(folder, "upper");
  await mkdir(upper);
  await writeFile(join(upper, "made"), "x");
  await store.adopt({ diffId, folder: upper, sizeBytes: 1, has32BitPrograms: false });
  expect(await bootIdOf(diffId)).toBeTypeOf("string");

  const next = await open(0);
  expect(await next.has(diffId)).toBe(true);

  await expectConfirmed(diffId);
  expect(await next.has32BitPrograms(diffId)).toBe(false);
});

test("many layers are brought to the disk at once", async () => {
  await replaceSync("echo once >>syncs");
  const store = await open(200);
  const archives = ["a", "b", "c", "d", "e"].map((data) => tarOf([{ name: "f", data }]));
  await Promise.all(archives.map((archive) => unpack(store, archive)));

  for (const archive of archives) await expectConfirmed(diffIdOf(archive));

  expect(await syncsCounted()).toBe(1);
});

test("what cannot be brought to the disk stays marked, is said, and is brought with the next", async () => {
  await replaceSync("echo broken disk >&2; exit 1");
  const store = await open(0);
  await unpack(store, bytes);

  expect(await waitUntil(async () => lines.length > 0, 30_000)).toBe(true);
  expect(lines.join()).toMatch(/warn bring layers to the disk .*broken disk/);
  expect(await bootIdOf(diffId)).toBeTypeOf("string");
  expect(await store.has(diffId)).toBe(true);

  process.env["PATH"] = searchPath;
  await unpack(store, tarOf([{ name: "f", data: "other" }]));
  await expectConfirmed(diffId);
});

test("a layer that was removed and unpacked anew meanwhile waits for the next time", async () => {
  await replaceSync("echo begun >>syncs; until [ -e go ]; do sleep 0.01; done");
  const store = await open(0);
  await unpack(store, bytes);
  expect(await waitUntil(async () => (await syncsCounted()) === 1, 30_000)).toBe(true);
  await store.collectGarbage(() => false);
  await unpack(store, bytes);
  await writeFile(join(folder, "go"), "");

  await expectConfirmed(diffId);

  expect(await syncsCounted()).toBe(2);
});

test("a layer whose folder somebody removed is none, under a store that knew it", async () => {
  const store = await open();
  const path = await unpack(store, bytes);
  await rename(path, join(folder, "taken"));
  expect(await store.has(diffId)).toBe(false);

  await unpack(store, bytes);

  expect(await store.has(diffId)).toBe(true);
  expect(await readFile(join(path, "f"), "utf8")).toBe("x");
});
