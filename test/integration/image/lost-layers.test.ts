import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { silentLogger } from "../../../src/internal/log";
import type { Digest } from "../../../src/runtime/image/digest";
import { buildHostImage } from "../../../src/runtime/image/host-image";
import { openImageStore } from "../../../src/runtime/image/image-store";
import type { Image } from "../../../src/runtime/image/manifest";
import { openLayerStore } from "../../../src/runtime/layer/layer-store";
import { type LayerSources, layerFolders } from "../../../src/runtime/layer-folders";

let folder: string;
let sources: LayerSources;
let image: Image;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-lost-"));
  const images = await openImageStore(join(folder, "images"));
  sources = { images, layers: await openLayerStore(join(folder, "layers")) };
  const file = join(folder, "file");
  await writeFile(file, "content");
  image = await buildHostImage(images, sources.layers, {
    ...{ executables: [], paths: [file], tag: "docker.io/host/test:1", config: {} },
    signal: new AbortController().signal,
  });
});

afterEach(() => rm(folder, { recursive: true }));

const folders = (): Promise<readonly string[]> =>
  layerFolders({ ...sources, logger: silentLogger }, image.config.rootfs.diff_ids);

const blobPath = (): string => sources.images.blobs.pathOf(image.manifest.layers[0]?.digest as Digest);

/** Removes the layer's folder, as nobody should. */
async function loseLayer(): Promise<string> {
  const [path = ""] = await folders();
  await rm(dirname(path), { recursive: true });
  return path;
}

test("a layer whose files are gone is unpacked again from its blob, once for all who ask", async () => {
  const path = await loseLayer();

  const found = await Promise.all([folders(), folders(), folders()]);

  expect(found).toEqual([[path], [path], [path]]);
  expect(await readFile(join(path, folder, "file"), "utf8")).toBe("content");
});

test.each([
  ["gone", (path: string) => rm(path)],
  ["damaged", (path: string) => writeFile(path, "no archive")],
])("a lost layer whose blob is %s is an error that says what to do, and leaves nothing", async (_how, damage) => {
  await loseLayer();
  await damage(blobPath());

  await expect(folders()).rejects.toMatchObject({
    code: "image-incomplete",
    message: expect.stringMatching(/^mount image host\/test:1: .* pull or build it again$/),
  });

  expect(await readdir(join(folder, "layers"))).toEqual([]);
});

test("a lost layer of an image that was removed cannot be had until an image that has it is back", async () => {
  await loseLayer();
  await sources.images.remove(image.id);
  await expect(folders()).rejects.toMatchObject({
    code: "image-incomplete",
    message: expect.stringContaining("that was removed"),
  });

  await sources.images.add({ manifest: image.manifestDescriptor, tags: ["docker.io/host/other:1"], repoDigests: [] });
  const [path = ""] = await folders();

  expect(await readFile(join(path, folder, "file"), "utf8")).toBe("content");
});
