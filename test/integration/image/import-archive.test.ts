import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { type ImageStore, openImageStore } from "../../../src/runtime/image/image-store";
import { importArchive } from "../../../src/runtime/image/import-archive";
import type { Image } from "../../../src/runtime/image/manifest";
import { type LayerStore, openLayerStore } from "../../../src/runtime/layer/layer-store";
import { diffIdOf, pieces, tarOf } from "../layer/layer-fixture";

const { signal } = new AbortController();
let folder: string;
let images: ImageStore;
let layers: LayerStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-import-test-"));
  images = await openImageStore(join(folder, "images"));
  layers = await openLayerStore(join(folder, "layers"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** An OCI layout made by umoci, with one file in one layer. */
async function layout(): Promise<string> {
  const path = join(folder, "layout");
  await run("umoci", ["init", "--layout", path]);
  await run("umoci", ["new", "--image", `${path}:latest`]);
  await mkdir(join(folder, "tree"));
  await run("sh", ["-c", `echo hello > ${join(folder, "tree/greeting")}`]);
  await run("umoci", ["insert", "--image", `${path}:latest`, join(folder, "tree/greeting"), "/greeting"]);
  await run("umoci", ["config", "--image", `${path}:latest`, "--config.cmd", "cat", "--config.cmd", "/greeting"]);
  return path;
}

async function importFile(path: string): Promise<readonly Image[]> {
  return await importArchive(images, createReadStream(path), layers, signal);
}

async function greetingOf(image: Image | undefined): Promise<string> {
  const diffIds = image?.config.rootfs.diff_ids ?? [];
  const last = diffIds.at(-1);
  return last === undefined ? "" : await readFile(join(layers.pathOf(last), "greeting"), "utf8");
}

test("what docker save writes comes in with its tag, its config and its layers", async () => {
  const archive = join(folder, "saved.tar");
  await run("skopeo", ["copy", `oci:${await layout()}:latest`, `docker-archive:${archive}:acme/greeter:1`]);
  const [image] = await importFile(archive);
  expect(image?.tags).toEqual(["docker.io/acme/greeter:1"]);
  expect(image?.config.config?.Cmd).toEqual(["cat", "/greeting"]);
  expect(await greetingOf(image)).toBe("hello\n");
  expect((await images.find("acme/greeter:1"))?.id).toBe(image?.id);
});

test("an OCI archive comes in, gzipped as well, and means the same image", async () => {
  const archive = join(folder, "layout.tar");
  await run("skopeo", ["copy", `oci:${await layout()}:latest`, `oci-archive:${archive}:localhost/greeter:2`]);
  const [plain] = await importFile(archive);
  const zipped = Readable.from([gzipSync(await readFile(archive))]);
  const [again] = await importArchive(images, zipped, layers, signal);
  expect(plain?.tags).toEqual(["localhost/greeter:2"]);
  expect(await greetingOf(plain)).toBe("hello\n");
  expect(again?.id).toBe(plain?.id);
});

test.each([
  ["nothing", Buffer.alloc(0)],
  ["garbage", Buffer.from("no archive ".repeat(100))],
  ["an archive of something else", tarOf([{ name: "readme", data: "hi" }])],
  ["a manifest that is no JSON", tarOf([{ name: "manifest.json", data: "{" }])],
  [
    "a manifest whose config lacks",
    tarOf([{ name: "manifest.json", data: JSON.stringify([{ Config: "c.json", RepoTags: ["a:1"], Layers: [] }]) }]),
  ],
  [
    "a layout whose blob lies about its digest",
    tarOf([
      { name: "oci-layout", data: "{}" },
      {
        name: "index.json",
        data: JSON.stringify({ schemaVersion: 2, manifests: [{ digest: `sha256:${"0".repeat(64)}`, size: 2 }] }),
      },
      { name: `blobs/sha256/${"0".repeat(64)}`, data: "{}" },
    ]),
  ],
])("%s is refused and gets no name", async (_what, bytes) => {
  const refused = importArchive(images, Readable.from(bytes.length === 0 ? [] : [bytes]), layers, signal);
  await expect(refused).rejects.toSatisfy(
    (error: { code: string }) => error.code === "image-invalid" || error.code === "digest-mismatch",
  );
  expect(await images.list()).toEqual([]);
});

test("a layout whose layer is compressed with zstd comes in", async () => {
  const path = await layout();
  const zipped = join(folder, "zstd");
  const flags = ["--dest-compress", "--dest-compress-format", "zstd"];
  await run("skopeo", ["copy", ...flags, `oci:${path}:latest`, `dir:${zipped}`]);
  const archive = join(folder, "zstd.tar");
  await run("skopeo", ["copy", "--preserve-digests", `dir:${zipped}`, `oci-archive:${archive}:localhost/zipped:1`]);
  const [image] = await importFile(archive);
  expect(image?.manifest.layers.at(-1)?.mediaType).toContain("zstd");
  expect(await greetingOf(image)).toBe("hello\n");
});

test("of several platforms in a layout, this machine's comes in, and papers that are no image stay out", async () => {
  const path = await layout();
  const index = JSON.parse(await readFile(join(path, "index.json"), "utf8"));
  const [own] = index.manifests;
  const foreign = { ...own, digest: `sha256:${"0".repeat(64)}`, platform: { os: "linux", architecture: "sparc" } };
  const papers = { ...foreign, platform: { os: "unknown", architecture: "unknown" } };
  await writeFile(join(path, "index.json"), JSON.stringify({ ...index, manifests: [foreign, own, papers] }));
  const [image, ...others] = await importFile(await packed(path));
  expect(await greetingOf(image)).toBe("hello\n");
  expect(others).toEqual([]);
  await writeFile(join(path, "index.json"), JSON.stringify({ ...index, manifests: [foreign] }));
  await expect(importFile(await packed(path))).rejects.toMatchObject({ code: "platform-unavailable" });
});

async function packed(path: string): Promise<string> {
  await run("tar", ["--create", `--file=${path}.tar`, `--directory=${path}`, "."]);
  return `${path}.tar`;
}

test("a layer that is not what the config says is refused and gets no name", async () => {
  const config = JSON.stringify({ rootfs: { type: "layers", diff_ids: [diffIdOf(tarOf([{ name: "other" }]))] } });
  const manifest = JSON.stringify([{ Config: "config.json", RepoTags: ["app:1"], Layers: ["layer.tar"] }]);
  const layer = tarOf([{ name: "greeting", data: "hello" }]).toString("latin1");
  const archive = tarOf([
    { name: "manifest.json", data: manifest },
    { name: "config.json", data: config },
    { name: "layer.tar", data: layer },
  ]);
  const refused = importArchive(images, pieces(archive), layers, signal);
  await expect(refused).rejects.toMatchObject({ code: "digest-mismatch" });
  expect(await images.list()).toEqual([]);
});

test("names that lead out of the folder, and names that come twice, mean nothing but themselves", async () => {
  const config = JSON.stringify({ rootfs: { type: "layers", diff_ids: [] } });
  const archive = tarOf([
    { name: "../../config.json", data: "{" },
    { name: "config.json", data: "{" },
    { name: "config.json", data: config },
    { name: "manifest.json", data: JSON.stringify([{ Config: "config.json", RepoTags: ["app:1"], Layers: [] }]) },
  ]);
  const [image] = await importArchive(images, pieces(archive), layers, signal);
  expect(image?.tags).toEqual(["docker.io/library/app:1"]);
});

test("an archive of more entries than any image has is refused, folders too", async () => {
  const archive = tarOf(Array.from({ length: 10_001 }, (_, index) => ({ name: `d${index}`, type: "5" })));
  await expect(importArchive(images, pieces(archive, 100_000), layers, signal)).rejects.toThrow("entries");
});

test("a config of more than 8 MiB is not read", async () => {
  const archive = tarOf([
    { name: "config.json", data: " ".repeat(9_000_000) },
    { name: "manifest.json", data: JSON.stringify([{ Config: "config.json", RepoTags: [], Layers: [] }]) },
  ]);
  await expect(importArchive(images, pieces(archive, 100_000), layers, signal)).rejects.toThrow("more than");
});

test.each([
  ["plain", (bytes: Buffer) => bytes],
  ["gzipped", (bytes: Buffer) => gzipSync(bytes)],
])("an import that is cancelled while %s bytes arrive ends at once and leaves nothing", async (_what, encode) => {
  const bytes = encode(tarOf([{ name: "layer.tar", data: "x".repeat(100_000) }]));
  const source = new Readable({ read: () => {} });
  const stop = new AbortController();
  const importing = importArchive(images, source, layers, stop.signal);
  source.push(bytes.subarray(0, bytes.length / 2));
  stop.abort();
  await expect(importing).rejects.toMatchObject({ code: "aborted" });
  expect(source.destroyed).toBe(true);
  expect(await readdir(join(folder, "images/scratch"))).toEqual([]);
});

test("a source that breaks off is told as what it is", async () => {
  const source = new Readable({ read: () => {} });
  const importing = importArchive(images, source, layers, signal);
  source.push(gzipSync(Buffer.alloc(1000)).subarray(0, 20));
  source.destroy(new TypeError("the line went dead"));
  await expect(importing).rejects.toThrow("the line went dead");
});
