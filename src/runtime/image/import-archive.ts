import type { Readable } from "node:stream";
import { RuncibleError } from "../../internal/errors";
import { unpackArchive } from "./archive-files";
import type { ImageStore } from "./image-store";
import { importDockerArchive } from "./import-docker";
import { importLayout } from "./import-layout";
import type { LayerSink } from "./layer-sink";
import type { Image } from "./manifest";

/**
 * Reads an OCI layout or what `docker save` wrote, plain or gzipped; each image with the names that it has there.
 * Throws `image-invalid`, `disk-full`, `aborted`, and what the layers' sink throws; nothing half-imported has a name.
 */
export async function importArchive(
  store: ImageStore,
  source: Readable,
  layers: LayerSink,
  signal: AbortSignal,
): Promise<readonly Image[]> {
  // The source may fail before anybody reads it; reading it then says so.
  source.on("error", () => {});
  const scratch = await store.scratch();
  try {
    const files = await unpackArchive(source, scratch.path, signal);
    // What newer Dockers write is both; only this half has all names.
    if (files.has("manifest.json")) return await importDockerArchive(store, files, layers, signal);
    if (files.has("index.json")) return await importLayout(store, files, layers, signal);
    throw new RuncibleError("image-invalid", "import archive: it has neither index.json nor manifest.json");
  } finally {
    await scratch.remove();
  }
}
