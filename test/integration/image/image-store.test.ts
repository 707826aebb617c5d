import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { mediaTypes } from "../../../src/runtime/image/descriptor";
import { type Digest, digestOf } from "../../../src/runtime/image/digest";
import { type ImageStore, openImageStore } from "../../../src/runtime/image/image-store";
import type { Image } from "../../../src/runtime/image/manifest";

let folder: string;
let store: ImageStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-images-"));
  store = await openImageStore(folder);
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** An image of one layer whose content is `content`. */
async function addImage(content: string, tags: readonly string[]): Promise<Image> {
  const layer = Buffer.from(content);
  const config = Buffer.from(
    JSON.stringify({ os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [digestOf(layer)] } }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      config: { mediaType: mediaTypes.ociConfig, digest: await store.blobs.put(config), size: config.length },
      layers: [{ mediaType: mediaTypes.ociLayer, digest: await store.blobs.put(layer), size: layer.length }],
    }),
  );
  const digest = await store.blobs.put(manifest);
  const descriptor = { mediaType: mediaTypes.ociManifest, digest, size: manifest.length };
  return await store.add({ manifest: descriptor, tags, repoDigests: [`docker.io/library/app@${digest}`] });
}

test("an image is found by every name people use", async () => {
  const image = await addImage("one", ["docker.io/library/app:1"]);
  const hex = image.id.slice("sha256:".length);
  const names = ["app:1", "library/app:1", "docker.io/library/app:1", image.id, hex, hex.slice(0, 12)];
  for (const name of names) expect((await store.find(name))?.id, name).toBe(image.id);
  expect((await store.find(`app@${image.manifestDescriptor.digest}`))?.id).toBe(image.id);
  expect(await store.find("app:2")).toBeUndefined();
});

test("a tag moves to the image that is added with it", async () => {
  const first = await addImage("one", ["docker.io/library/app:1"]);
  const second = await addImage("two", ["docker.io/library/app:1"]);
  expect((await store.find("app:1"))?.id).toBe(second.id);
  expect((await store.find(first.id))?.tags).toEqual([]);
});

test("a store opened again knows what was added", async () => {
  const image = await addImage("one", ["docker.io/library/app:1"]);
  expect(await (await openImageStore(folder)).list()).toEqual([image]);
});

test("garbage collection takes what no image and no lease needs", async () => {
  const kept = await addImage("kept", ["docker.io/library/kept:1"]);
  const gone = await addImage("gone", ["docker.io/library/gone:1"]);
  const leased = await store.blobs.put(Buffer.from("on its way"));
  const lease = store.lease();
  lease.protect(leased);
  await store.remove(gone.id);
  expect(await store.collectGarbage()).toBeGreaterThan(0);
  expect(store.needsLayer(digestOf("kept"))).toBe(true);
  expect(store.needsLayer(digestOf("gone"))).toBe(false);
  expect(await store.blobs.has(kept.manifestDescriptor.digest)).toBe(true);
  expect(await store.blobs.has(gone.manifestDescriptor.digest)).toBe(false);
  expect(await store.blobs.has(leased)).toBe(true);
  lease.release();
  await store.collectGarbage();
  expect(await store.blobs.has(leased)).toBe(false);
});

test("more bytes than announced, fewer, or others are refused and leave nothing", async () => {
  const bytes = Buffer.from("announced");
  const digest = digestOf(bytes);
  const tooMany = await store.blobs.ingest({ digest, size: bytes.length });
  await expect(tooMany.write(Buffer.from("announced and more"))).rejects.toMatchObject({ code: "size-mismatch" });
  await tooMany.abort();
  const tooFew = await store.blobs.ingest({ digest, size: bytes.length });
  await tooFew.write(Buffer.from("ann"));
  await expect(tooFew.commit()).rejects.toMatchObject({ code: "size-mismatch" });
  const others = await store.blobs.ingest({ digest, size: bytes.length });
  await others.write(Buffer.from("ANNOUNCED"));
  await expect(others.commit()).rejects.toMatchObject({ code: "digest-mismatch" });
  expect(await store.blobs.has(digest)).toBe(false);
  expect(await readdir(join(folder, "blobs/partial"))).toEqual([]);
});

test("a suspended blob goes on where it stopped", async () => {
  const bytes = randomBytes(100_000);
  const blob = { digest: digestOf(bytes), size: bytes.length };
  const first = await store.blobs.ingest(blob);
  await first.write(bytes.subarray(0, 60_000));
  await first.suspend();
  const second = await store.blobs.ingest(blob);
  expect(second.offset).toBe(60_000);
  await second.write(bytes.subarray(60_000));
  await second.commit();
  expect((await store.blobs.read(blob.digest)).equals(bytes)).toBe(true);
});

test("what a process left that was killed in the middle of a blob is gone when the store opens again", async () => {
  const bytes = Buffer.alloc(4_000_000, "x");
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}` as Digest;
  const child = await killedInTheMiddle(folder, { digest, size: bytes.length });
  expect(child.signalCode).toBe("SIGKILL");
  const reopened = await openImageStore(folder);
  expect(await reopened.blobs.has(digest)).toBe(false);
  expect(await readdir(join(folder, "blobs/partial"))).toEqual([]);
  const ingest = await reopened.blobs.ingest({ digest, size: bytes.length });
  await ingest.write(bytes);
  await ingest.commit();
  expect((await stat(reopened.blobs.pathOf(digest))).size).toBe(bytes.length);
});

test("attempts at one blob at the same time do not disturb each other", async () => {
  const bytes = randomBytes(100_000);
  const blob = { digest: digestOf(bytes), size: bytes.length };
  const attempts = await Promise.all([1, 2, 3].map(() => store.blobs.ingest(blob)));
  expect(new Set(attempts.map(({ partialPath }) => partialPath)).size).toBe(3);
  for (const attempt of attempts) await attempt.write(bytes.subarray(0, 50_000));
  for (const attempt of attempts) await attempt.write(bytes.subarray(50_000));
  await Promise.all(attempts.map((attempt) => attempt.commit()));
  expect((await store.blobs.read(blob.digest)).equals(bytes)).toBe(true);
  await Promise.all([1, 2, 3].map(() => store.blobs.put(Buffer.from("small"))));
  expect(await readdir(join(folder, "blobs/partial"))).toEqual([]);
});

test("a blob that is found under a lease outlives a collection that has begun", async () => {
  const others = await Promise.all(Array.from({ length: 50 }, (_, index) => store.blobs.put(Buffer.from(`${index}`))));
  const collection = store.collectGarbage();
  const lease = store.lease();
  const found: Digest[] = [];
  for (const digest of others) {
    lease.protect(digest);
    if (await store.blobs.has(digest)) found.push(digest);
  }
  await collection;
  for (const digest of found) expect(await store.blobs.has(digest)).toBe(true);
});

test("an image whose content was lost is forgotten, the others stay", async () => {
  const kept = await addImage("kept", ["docker.io/library/kept:1"]);
  const lost = await addImage("lost", ["docker.io/library/lost:1"]);
  await rm(store.blobs.pathOf(lost.id));
  const reopened = await openImageStore(folder);
  expect(await reopened.list()).toEqual([kept]);
});

test("a full disk is named as the reason and keeps what was there", async () => {
  const disk = join(folder, "disk");
  await mkdir(disk);
  await run("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk]);
  try {
    const full = await openImageStore(disk);
    const kept = await full.blobs.put(Buffer.from("kept"));
    const bytes = randomBytes(1_000_000);
    await expect(full.blobs.put(bytes)).rejects.toMatchObject({ code: "disk-full" });
    const ingest = await full.blobs.ingest({ digest: digestOf(bytes), size: bytes.length });
    await expect(ingest.write(bytes)).rejects.toMatchObject({ code: "disk-full" });
    await ingest.abort();
    expect(await full.blobs.list()).toEqual([kept]);
    expect(await readdir(join(disk, "blobs/partial"))).toEqual([]);
  } finally {
    await run("umount", [disk]);
  }
});

test("a process that is killed at any step of adding images leaves whole images and whole blobs", async () => {
  for (let steps = 1; steps <= 8; steps++) {
    await killedWhileAdding(steps * 4);
    const reopened = await openImageStore(folder);
    for (const digest of await reopened.blobs.list()) expect(digestOf(await reopened.blobs.read(digest))).toBe(digest);
    const index: string = await readFile(join(folder, "index.json"), "utf8").catch(() => '{ "images": [] }');
    // None was forgotten for want of content.
    expect(await reopened.list()).toHaveLength(JSON.parse(index).images.length);
  }
  expect(await store.find("app:1")).toBeUndefined();
  expect(await (await openImageStore(folder)).find("app:1")).toBeDefined();
});

/** Runs a program that writes half a blob and then waits for its end, which is a SIGKILL. */
async function killedInTheMiddle(path: string, blob: { digest: Digest; size: number }): Promise<ChildProcess> {
  const script = join(path, "writer.cjs");
  await writeFile(
    script,
    `const { openImageStore } = require(${JSON.stringify(join(__dirname, "../../../build/runtime/image/image-store.js"))});
    (async () => {
      const store = await openImageStore(${JSON.stringify(path)});
      const ingest = await store.blobs.ingest(${JSON.stringify(blob)});
      await ingest.write(Buffer.alloc(${blob.size} / 2, "x"));
      process.stdout.write("half");
      setInterval(() => {}, 1000);
    })();`,
  );
  const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await ended;
  return child;
}

/** Runs a program that adds one image after the other, and kills it after so many of its steps. */
async function killedWhileAdding(steps: number): Promise<void> {
  const built = (name: string): string => JSON.stringify(join(__dirname, "../../../build/runtime/image", name));
  const script = join(folder, "writer.cjs");
  await writeFile(
    script,
    `const { openImageStore } = require(${built("image-store.js")});
    const { addNewImage } = require(${built("new-image.js")});
    const { digestOf } = require(${built("digest.js")});
    const step = () => process.stdout.write(".");
    (async () => {
      const store = await openImageStore(${JSON.stringify(folder)});
      for (;;) {
        const layer = require("node:crypto").randomBytes(200_000);
        const digest = digestOf(layer);
        const ingest = await store.blobs.ingest({ digest, size: layer.length });
        for (let at = 0; at < layer.length; at += 20_000) await ingest.write(layer.subarray(at, at + 20_000)).then(step);
        await ingest.commit().then(step);
        const config = Buffer.from(JSON.stringify({ rootfs: { type: "layers", diff_ids: [digest] } }));
        const layers = [{ mediaType: "", digest, size: layer.length }];
        await addNewImage(store, store.lease(), { config, layers, tags: ["docker.io/library/app:1"] }).then(step);
      }
    })();`,
  );
  const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  let seen = 0;
  child.stdout.on("data", (dots: Buffer) => {
    seen += dots.length;
    if (seen >= steps) child.kill("SIGKILL");
  });
  const [, signal] = await ended;
  expect(signal).toBe("SIGKILL");
}
