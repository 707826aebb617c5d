import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { buildHostImage } from "../../../src/runtime/image/host-image";
import { type ImageStore, openImageStore } from "../../../src/runtime/image/image-store";
import { importArchive } from "../../../src/runtime/image/import-archive";
import type { Image } from "../../../src/runtime/image/manifest";
import { type LayerStore, openLayerStore } from "../../../src/runtime/layer/layer-store";
import { tarOf } from "../layer/layer-fixture";

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

test("an image of this machine has the program, its libraries and the files a program expects", async () => {
  const request = {
    executables: ["cat", "sh"],
    paths: [],
    tag: "docker.io/host/cat:1",
    config: { Cmd: ["cat"] },
    signal,
  };
  const image = await buildHostImage(images, layers, request);
  const [diffId] = image.config.rootfs.diff_ids;
  const root = diffId === undefined ? "" : layers.pathOf(diffId);
  const { stdout } = await run("chroot", [root, "/bin/sh", "-c", "cat /etc/passwd"]);
  expect(stdout).toContain("root:x:0:0:");
  const again = await buildHostImage(images, layers, request);
  expect(again.id).toBe(image.id);
});

test("an image of a program that this machine lacks is refused by name", async () => {
  const request = { executables: ["no-such-program"], paths: [], tag: "docker.io/host/none:1", config: {}, signal };
  const refused = buildHostImage(images, layers, request);
  await expect(refused).rejects.toMatchObject({ code: "tool-missing" });
  await expect(refused).rejects.toThrow("no-such-program");
});
