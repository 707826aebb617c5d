import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { run } from "../../../src/internal/exec";
import type { Digest } from "../../../src/runtime/image/digest";
import { type LayerLimits, type LayerStore, openLayerStore } from "../../../src/runtime/layer/layer-store";
import { buildHeader, paddingOf } from "../../../src/runtime/layer/tar-header";

/** A layer store in a temporary folder. */
export interface StoreFixture extends AsyncDisposable {
  readonly folder: string;
  readonly store: LayerStore;
}

export async function temporaryStore(limits: Partial<LayerLimits> = {}): Promise<StoreFixture> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-layer-"));
  const store = await openLayerStore(folder, { limits });
  return { folder, store, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

export interface Entry {
  readonly name: string;
  /** Default: a file. */
  readonly type?: string;
  readonly linkName?: string;
  readonly data?: string | Buffer;
  readonly mode?: number;
  /** Default: root's. */
  readonly uid?: number;
  readonly gid?: number;
}

/** A tar archive with exactly these entries, hostile ones too: no tool would write them. */
export function tarOf(entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap(({ name, type = "0", linkName = "", data = "", mode = 0o644, uid = 0, gid = 0 }) => {
    const size = Buffer.byteLength(data);
    const header = buildHeader({ name, linkName, type, mode, uid, gid, size, mtime: 1 });
    header.write(linkName, 157, 100, "utf8");
    const content = typeof data === "string" ? Buffer.from(data) : data;
    return [withChecksum(header), content, Buffer.alloc(paddingOf(size))];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function withChecksum(header: Buffer): Buffer {
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, 8, "latin1");
  return header;
}

/** What GNU tar makes of a folder. */
export async function tarOfFolder(folder: string, ...flags: readonly string[]): Promise<Buffer> {
  const archive = `${folder}.tar`;
  await run("tar", ["--create", `--file=${archive}`, `--directory=${folder}`, "--sparse", ...flags, "."]);
  const bytes = await readFile(archive);
  await rm(archive);
  return bytes;
}

export function diffIdOf(bytes: Buffer): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}` as Digest;
}

/** Unpacks plain tar bytes, in pieces of an awkward size; resolves to the layer's folder. */
export async function unpack(store: LayerStore, bytes: Buffer, compressed?: Buffer): Promise<string> {
  const diffId = diffIdOf(bytes);
  const compression = compressed === undefined ? "none" : "gzip";
  await store.unpack({ diffId, compression, source: pieces(compressed ?? bytes), describedAs: "sha256:test-layer" });
  return store.pathOf(diffId);
}

export function pieces(bytes: Buffer, size = 1000): Readable {
  const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
  return Readable.from(parts, { objectMode: false });
}

/** Everything in a store's folder that is no layer. */
export async function leftovers(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => !/^[0-9a-f]{64}$/.test(name));
}
