import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run, spawnTool } from "../../../src/internal/exec";
import { type PackedLayer, packUpper } from "../../../src/runtime/layer/diff";
import { overlayDriver } from "../../../src/runtime/rootfs/overlay-driver";
import { isMachineRoot } from "../../support/run-as";
import { type StoreFixture, temporaryStore } from "./layer-fixture";

let fixture: StoreFixture;
let base: string;
let lower: string;
let folder: string;
const { signal } = new AbortController();

beforeEach(async () => {
  fixture = await temporaryStore();
  base = await mkdtemp(join(tmpdir(), "runcible-diff-"));
  lower = join(base, "layers", "a".repeat(64), "diff");
  folder = join(base, "container");
  await mkdir(lower, { recursive: true });
  await sh(lower, "mkdir -p old/sub kept && touch old/a old/sub/b gone kept/x && chmod 750 kept");
});
afterEach(async () => {
  await overlayDriver.unmount(folder);
  await rm(base, { recursive: true, force: true });
  await fixture[Symbol.asyncDispose]();
});

async function sh(cwd: string, script: string): Promise<string> {
  return (await run("sh", ["-euc", script], { cwd })).stdout;
}

/** Writes through an overlay; resolves to its upper folder. */
async function changed(script: string): Promise<string> {
  const { path } = await overlayDriver.mount({ layers: [lower], folder });
  await sh(path, script);
  await overlayDriver.unmount(folder);
  return join(folder, "upper");
}

function pack(upper: string, name = "layer.tar", exclude: readonly string[] = []): Promise<PackedLayer> {
  return packUpper({ upper, file: join(base, name), exclude, signal });
}

/** Everything of a tree that a layer keeps, as text. */
async function described(root: string): Promise<string> {
  const files = await sh(
    root,
    "find . -mindepth 1 -printf '%P %y %m %U:%G %s %T@ %n %l\\n' | sort | sed 's/\\.0* / /'",
  );
  const capabilities = await sh(root, "PATH=$PATH:/usr/sbin:/sbin; getcap -r . | sort");
  return files.replace(/ d (\S+ \S+) \d+/g, " d $1").replace(/ c 0 .*/g, " deleted") + capabilities;
}

async function unpacked({ diffId }: PackedLayer, name = "layer.tar"): Promise<string> {
  const source = createReadStream(join(base, name));
  await fixture.store.unpack({ diffId, compression: "none", source, describedAs: diffId });
  return fixture.store.pathOf(diffId);
}

/** The names of a tar archive that is written to it. */
function listing(): { readonly stdin: Writable; readonly listed: Promise<readonly string[]> } {
  const tar = spawnTool("tar", ["--list"], { stdio: ["pipe", "pipe", "inherit"] });
  const { stdin, stdout } = tar;
  if (stdin === null || stdout === null) throw new Error("list archive: tar has no pipes");
  return { stdin, listed: text(stdout).then((names) => names.trim().split("\n")) };
}

/** In a user namespace nobody makes devices. */
const device = isMachineRoot ? "mknod z c 1 5" : ":";

test("what was written comes out of the layer as it was", async () => {
  const long = `${"n".repeat(120)}/${"m".repeat(120)}`;
  const upper = await changed(`
    rm gone
    rm -r old && mkdir old && touch old/new
    mkdir -p ${long} && echo long > ${long}/file && mkdir ${long}/doomed && rmdir ${long}/doomed
    echo 1 > a && ln a b && ln -s a c && mkfifo p
    ${device}
    chown 7:8 a && chmod 4755 a && touch -d 2001-02-03T04:05:06.789 a
    cp /bin/true tool
    PATH=$PATH:/usr/sbin:/sbin setcap cap_net_raw+ep tool
    truncate -s 3M sparse && echo end >> sparse
    mv kept moved
  `);

  const layer = await pack(upper);

  const before = await described(upper);
  expect(before).toContain("cap_net_raw");
  expect(await described(await unpacked(layer))).toBe(before);
});

test("deletions and replaced folders are told in a layer's own form", async () => {
  const upper = await changed("rm gone && rm -r old && mkdir old && rm kept/x");

  await pack(upper);

  const list = await run("tar", ["--list", "--file", join(base, "layer.tar")]);
  expect(list.stdout.trim().split("\n")).toEqual([".wh.gone", "kept/", "kept/.wh.x", "old/", "old/.wh..wh..opq"]);
});

test("the digest is that of the file, and the same folder gives the same file", async () => {
  const upper = await changed("echo 1 > a && rm gone");
  const layer = await pack(upper);
  const bytes = await readFile(join(base, "layer.tar"));
  await sh(upper, "touch -a -d 2001-02-03 a");

  const again = await pack(upper, "again.tar");

  const digestOf = (content: Buffer): string => `sha256:${createHash("sha256").update(content).digest("hex")}`;
  expect(layer).toEqual({
    diffId: digestOf(bytes),
    has32BitPrograms: false,
    isEmpty: false,
    sizeBytes: bytes.length,
  });
  expect(again).toEqual(layer);
});

test("nothing written gives a layer of nothing", async () => {
  const layer = await pack(await changed("true"));

  expect(layer.sizeBytes).toBe(1024);
  expect(await described(await unpacked(layer))).toBe("");
});

test("what is excluded stays out, and names like options or patterns are names", async () => {
  const upper = await changed("mkdir -p etc && touch etc/hosts etc/own 'a[b]' ab -- --help");

  await pack(upper, "layer.tar", ["etc/hosts", "a[b]"]);

  const list = await run("tar", ["--list", "--file", join(base, "layer.tar")]);
  expect(list.stdout.trim().split("\n")).toEqual(["--help", "ab", "etc/", "etc/own"]);
});

test("what is removed while a folder is packed is left out of the layer, and nothing else is", async () => {
  const upper = await changed("head -c 16M /dev/urandom > a && mkdir -p b/c kept/y && touch b/c/d f z");
  const pipe = join(base, "pipe");
  await run("mkfifo", [pipe]);

  const packing = packUpper({ upper, file: pipe, isLive: true, signal });
  packing.catch(() => {});
  const packed = createReadStream(pipe);
  // More than all pipes hold is missing yet of the first file: tar has come no further.
  await once(packed, "readable");
  await sh(upper, "rm -r b f");
  const { stdin, listed } = listing();
  await pipeline(packed, stdin);

  await packing;
  expect(await listed).toEqual(["a", "kept/", "kept/y/", "z"]);
});

test("a store adopts a folder without unpacking it, once", async () => {
  const upper = await changed("echo 1 > a && rm gone");
  const layer = await pack(upper);
  const before = await described(upper);
  const { ino } = await stat(join(upper, "a"));

  await fixture.store.adopt({
    diffId: layer.diffId,
    folder: upper,
    sizeBytes: layer.sizeBytes,
    has32BitPrograms: false,
  });
  await mkdir(upper);
  await writeFile(join(upper, "other"), "");
  await fixture.store.adopt({
    diffId: layer.diffId,
    folder: upper,
    sizeBytes: layer.sizeBytes,
    has32BitPrograms: false,
  });

  const path = fixture.store.pathOf(layer.diffId);
  expect(await described(path)).toBe(before);
  expect((await stat(join(path, "a"))).ino).toBe(ino);
  expect(await fixture.store.sizeOf(layer.diffId)).toBe(layer.sizeBytes);
});
