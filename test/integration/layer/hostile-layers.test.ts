import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { RuncibleError } from "../../../src/internal/errors";
import { run } from "../../../src/internal/exec";
import { openLayerStore } from "../../../src/runtime/layer/layer-store";
import { buildPax } from "../../../src/runtime/layer/pax";
import { diffIdOf, type Entry, pieces, tarOf, temporaryStore, unpack } from "./layer-fixture";

const link = (name: string, linkName: string): Entry => ({ name, type: "2", linkName });
const hardLink = (name: string, linkName: string): Entry => ({ name, type: "1", linkName });
const folder = (name: string): Entry => ({ name, type: "5", mode: 0o755 });

const hostile: readonly (readonly [what: string, entries: readonly Entry[], entry: string])[] = [
  ["a name with ..", [{ name: "../outside", data: "x" }], "../outside"],
  ["a .. in the middle", [{ name: "a/../../outside", data: "x" }], "a/../../outside"],
  ["an absolute name with ..", [{ name: "/../outside", data: "x" }], "/../outside"],
  ["a file through a link to /", [link("a", "/"), { name: "a/outside", data: "x" }], "a/outside"],
  ["a file through a relative link", [link("a", "../.."), { name: "a/outside", data: "x" }], "a/outside"],
  ["a file through a link inside", [folder("b"), link("a", "b"), { name: "a/f", data: "x" }], "a/f"],
  ["a folder through a link", [link("a", "/tmp"), folder("a/b")], "a/b"],
  ["a hard link to ..", [hardLink("a", "../../etc/passwd")], "a"],
  ["a hard link through a link", [link("a", "/etc"), hardLink("b", "a/passwd")], "b"],
  [
    "a file through a hard link to a link",
    [folder("d"), link("a", "d"), hardLink("b", "a"), { name: "b/x", data: "x" }],
    "b/x",
  ],
  [
    "a file through a hard link to an absolute link",
    [link("a", "/tmp"), hardLink("b", "a"), { name: "b/x", data: "x" }],
    '"b/x" goes through',
  ],
  ["a whiteout of ..", [{ name: "a/.wh..." }], "a/.wh..."],
  ["a whiteout of nothing", [{ name: "a/.wh." }], "a/.wh."],
  ["a file in place of the root", [{ name: "./", data: "x" }], "./"],
  ["an unknown type", [{ name: "odd", type: "Z" }], "odd"],
];

test.each(hostile)("a layer with %s is refused by name and leaves nothing", async (_what, entries, entry) => {
  await using fixture = await temporaryStore();
  const refused = unpack(fixture.store, tarOf(entries));
  await expect(refused).rejects.toMatchObject({ code: "layer-invalid" });
  await expect(refused).rejects.toThrow("sha256:test-layer");
  await expect(refused).rejects.toThrow(entry);
  expect(await readdir(fixture.folder)).toEqual([]);
});

test("an absolute name lands inside the layer", async () => {
  await using fixture = await temporaryStore();
  const path = await unpack(fixture.store, tarOf([{ name: "/etc/inside", data: "in" }]));
  expect(await readFile(join(path, "etc/inside"), "utf8")).toBe("in");
});

test("a link to an absolute path stays a link and nothing is written through it", async () => {
  await using fixture = await temporaryStore();
  const path = await unpack(fixture.store, tarOf([link("etc", "/etc"), { name: "other", data: "x" }]));
  expect(await readdir(path)).toEqual(["etc", "other"]);
});

test("a folder that replaces a link may be written to", async () => {
  await using fixture = await temporaryStore();
  const entries = [link("a", "/nowhere"), { name: "a", type: "0" }, { name: "b/f", data: "x" }];
  const path = await unpack(fixture.store, tarOf(entries));
  expect((await readdir(path)).sort()).toEqual(["a", "b"]);
});

test("more entries than allowed are refused", async () => {
  await using fixture = await temporaryStore({ entries: 100 });
  const entries = Array.from({ length: 101 }, (_, index) => ({ name: `f${index}` }));
  await expect(unpack(fixture.store, tarOf(entries))).rejects.toMatchObject({
    code: "layer-too-large",
    evidence: { entry: "f100" },
    message:
      'unpack layer sha256:test-layer: it has more than 100 entries (at entry "f100"), the most that one layer may have; use an image whose layers are smaller',
  });
  expect(await readdir(fixture.folder)).toEqual([]);
});

test("a decompression bomb is refused while it unpacks, long before its end", async () => {
  await using fixture = await temporaryStore({ bytes: 1024 * 1024 });
  const size = 64 * 1024 * 1024;
  const bytes = tarOf([{ name: "bomb", data: "\0".repeat(size) }]);
  const refused = unpack(fixture.store, bytes, gzipSync(bytes));
  await expect(refused).rejects.toMatchObject({
    code: "layer-too-large",
    evidence: { entry: "bomb" },
    message: expect.stringContaining("sha256:test-layer"),
  });
  expect(await readdir(fixture.folder)).toEqual([]);
});

test("what follows the end of an archive counts against the limit too", async () => {
  await using fixture = await temporaryStore({ bytes: 1024 * 1024 });
  const bytes = Buffer.concat([tarOf([{ name: "f", data: "x" }]), Buffer.alloc(4 * 1024 * 1024)]);
  const refused = unpack(fixture.store, bytes, gzipSync(bytes));
  await expect(refused).rejects.toMatchObject({
    code: "layer-too-large",
    message: expect.stringContaining("padding included"),
  });
  expect(await readdir(fixture.folder)).toEqual([]);
});

test.each(["", "{", "null"])("a layer whose record is damaged (%j) is none, and is unpacked again", async (damage) => {
  await using fixture = await temporaryStore();
  const bytes = tarOf([{ name: "f", data: "x" }]);
  await unpack(fixture.store, bytes);
  const diffId = diffIdOf(bytes);
  const record = join(fixture.store.pathOf(diffId), "..", "layer.json");
  await writeFile(record, damage);
  await rm(join(fixture.store.pathOf(diffId), "f"));
  const next = await openLayerStore(fixture.folder);
  expect(await next.has(diffId)).toBe(false);

  const path = await unpack(next, bytes);

  expect(await next.has(diffId)).toBe(true);
  expect(await readFile(join(path, "f"), "utf8")).toBe("x");
});

test.each([
  ["garbage", Buffer.from("this is no tar archive ".repeat(100))],
  ["an archive that stops inside an entry", tarOf([{ name: "f", data: "x".repeat(5000) }]).subarray(0, 2000)],
])("%s is refused and leaves nothing", async (_what, bytes) => {
  await using fixture = await temporaryStore();
  await expect(unpack(fixture.store, bytes)).rejects.toMatchObject({ code: "layer-invalid" });
  expect(await readdir(fixture.folder)).toEqual([]);
});

test("broken gzip is refused as a layer, not as a defect of ours", async () => {
  await using fixture = await temporaryStore();
  const bytes = tarOf([{ name: "f", data: "x".repeat(5000) }]);
  const broken = gzipSync(bytes).subarray(0, 40);
  await expect(unpack(fixture.store, bytes, broken)).rejects.toMatchObject({ code: "layer-invalid" });
  expect(await readdir(fixture.folder)).toEqual([]);
});

test("content of another digest is refused though it unpacked", async () => {
  await using fixture = await temporaryStore();
  const source = pieces(tarOf([{ name: "f", data: "other" }]));
  const diffId = diffIdOf(tarOf([{ name: "f", data: "announced" }]));
  const refused = fixture.store.unpack({ diffId, compression: "none", source, describedAs: "sha256:liar" });
  await expect(refused).rejects.toMatchObject({ code: "digest-mismatch" });
  expect(await readdir(fixture.folder)).toEqual([]);
});

test("attributes of overlayfs itself do not come in with a layer", async () => {
  await using fixture = await temporaryStore();
  const pax = buildPax(new Map([["SCHILY.xattr.trusted.overlay.redirect", Buffer.from("/etc")]]));
  const bytes = Buffer.concat([pax, tarOf([folder("d")])]);
  const path = await unpack(fixture.store, bytes);
  const archive = `${fixture.folder}/out.tar`;
  await run("tar", ["-c", "-f", archive, "--format=pax", "--xattrs", "--xattrs-include=*", "-C", path, "."]);
  expect((await readFile(archive)).includes("trusted.overlay")).toBe(false);
  await rm(archive);
});

test("what a crashed unpacking left is gone when the store opens again", async () => {
  await using fixture = await temporaryStore();
  await mkdir(join(fixture.folder, "unfinished-0123", "diff"), { recursive: true });
  await writeFile(join(fixture.folder, "unfinished-0123", "diff", "half"), "x");
  await openLayerStore(fixture.folder);
  expect(await readdir(fixture.folder)).toEqual([]);
});

test("a source that fails before it is read fails the unpacking, not the process", async () => {
  await using fixture = await temporaryStore();
  const source = new PassThrough();
  const bytes = tarOf([{ name: "f", data: "x" }]);
  const unpacking = fixture.store.unpack({
    diffId: diffIdOf(bytes),
    compression: "gzip",
    source,
    describedAs: "early",
  });
  source.destroy(new RuncibleError("command-failed", "read blob: it went away"));
  await expect(unpacking).rejects.toThrow("it went away");
  expect(await readdir(fixture.folder)).toEqual([]);
});

test("unpacking from a source that stalls can be cancelled", async () => {
  await using fixture = await temporaryStore();
  const source = new PassThrough();
  const cancel = new AbortController();
  const bytes = tarOf([{ name: "f", data: "x" }]);
  source.write(bytes.subarray(0, 600));
  const unpacking = fixture.store.unpack({
    diffId: diffIdOf(bytes),
    compression: "none",
    source,
    describedAs: "stalled",
    signal: cancel.signal,
    onProgress: () => cancel.abort(),
  });
  await expect(unpacking).rejects.toMatchObject({ code: "aborted" });
  expect(source.destroyed).toBe(true);
});

test("a layer that is present is not unpacked again, and its source is let go", async () => {
  await using fixture = await temporaryStore();
  const bytes = tarOf([{ name: "f", data: "x" }]);
  await unpack(fixture.store, bytes);
  const source = new PassThrough();
  await fixture.store.unpack({ diffId: diffIdOf(bytes), compression: "none", source, describedAs: "again" });
  expect(source.destroyed).toBe(true);
});

const paxOf = (records: Readonly<Record<string, string>>): Buffer =>
  buildPax(new Map(Object.entries(records).map(([key, value]) => [key, Buffer.from(value)])));

/** A pax header of another type: `g` for global. */
function asGlobal(header: Buffer): Buffer {
  const copy = Buffer.from(header);
  copy.write("g", 156, 1, "latin1");
  copy.fill(0x20, 148, 156);
  const sum = copy.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  copy.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, 8, "latin1");
  return copy;
}

function withSizeField(archive: Buffer, field: string): Buffer {
  const copy = Buffer.from(archive);
  copy.write(field.padEnd(12, "\0"), 124, 12, "latin1");
  copy.fill(0x20, 148, 156);
  const sum = copy.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  copy.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, 8, "latin1");
  return copy;
}

test.each([
  [
    "two extended headers for one entry",
    Buffer.concat([paxOf({ path: "a" }), paxOf({ path: "../b" }), tarOf([{ name: "c", data: "x" }])]),
  ],
  ["a size in base 64", withSizeField(tarOf([{ name: "f", data: "x".repeat(600) }]), "+10")],
  ["a folder by name that has content", tarOf([{ name: "d/", type: "0", data: "x" }])],
])("%s, which tools read differently, is refused", async (_what, bytes) => {
  await using fixture = await temporaryStore();
  await expect(unpack(fixture.store, bytes)).rejects.toMatchObject({ code: "layer-invalid" });
  expect(await readdir(fixture.folder)).toEqual([]);
});

test("a global header means nothing, to us or to tar", async () => {
  await using fixture = await temporaryStore();
  const global = asGlobal(paxOf({ size: "0", path: "../outside" }));
  const path = await unpack(fixture.store, Buffer.concat([global, tarOf([{ name: "inside", data: "all of it" }])]));
  expect(await readFile(join(path, "inside"), "utf8")).toBe("all of it");
});

test("global headers, which nobody keeps, count against the limit too", async () => {
  await using fixture = await temporaryStore({ bytes: 1024 * 1024 });
  const global = asGlobal(paxOf({ comment: "x".repeat(1_000_000) }));
  const bytes = Buffer.concat([global, global, global, tarOf([{ name: "f", data: "x" }])]);
  await expect(unpack(fixture.store, bytes, gzipSync(bytes))).rejects.toMatchObject({ code: "layer-too-large" });
  expect(await readdir(fixture.folder)).toEqual([]);
});
