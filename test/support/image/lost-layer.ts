import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { randomId } from "../../../src/internal/ids";
import type { EngineOfFile } from "../engine-of-file";

/** The folder with the files of an image's top layer. */
export async function topLayerOf({ client, stateFolder }: EngineOfFile, name: string): Promise<string> {
  const { RootFS } = await client.images.inspect(name);
  return join(stateFolder, "layers", RootFS.Layers?.at(-1)?.slice("sha256:".length) ?? "");
}

/** As if the machine had lost it; its files are an ordinary user's engine's, who may rename the folder only. */
export async function loseLayer(layer: string): Promise<void> {
  await rename(layer, join(layer, "..", `unfinished-${randomId().slice(0, 16)}`));
}

/** The file that an image's top layer is unpacked from. */
export async function topBlobOf({ client, stateFolder }: EngineOfFile, name: string): Promise<string> {
  const { Id } = await client.images.inspect(name);
  const images = join(stateFolder, "images");
  const blob = (digest: string): string => join(images, "blobs/sha256", digest.slice("sha256:".length));
  const index = JSON.parse(await readFile(join(images, "index.json"), "utf8"));
  for (const { manifest } of index.images) {
    const { config, layers } = JSON.parse(await readFile(blob(manifest.digest), "utf8"));
    if (config.digest === Id) return blob(layers.at(-1).digest);
  }
  throw new TypeError(`no image ${name}`);
}
