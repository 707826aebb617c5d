import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { download, isUrl } from "../../build/execute/add-url";
import { configBytes, nextSnapshot, scratchSnapshot } from "../../build/execute/snapshot";
import { RuncibleError } from "../../internal/errors";
import { parsePlatform } from "../../internal/platform";
import { shownUrl } from "../../internal/shown-url";
import type { ImageStore } from "../../runtime/image/image-store";
import type { Image } from "../../runtime/image/manifest";
import { addNewImage } from "../../runtime/image/new-image";
import { hostPlatform } from "../../runtime/image/platform";
import { canonicalName, parseReference } from "../../runtime/image/reference";
import type { LayerStore } from "../../runtime/layer/layer-store";
import { addArchiveAsLayer } from "../../runtime/layer-of-archive";
import type { AuthorityPlace } from "../../runtime/registry/trust";
import type { ProgressLine } from "../../wire/progress";
import type { ImportRequest } from "../routes/image-service";
import { changedConfig } from "./changed-config";

/** `docker import`: an image of one layer, which is a whole filesystem. */
export async function* importLines(
  home: { readonly store: ImageStore; readonly layers: LayerStore; readonly authorities: readonly AuthorityPlace[] },
  request: ImportRequest,
  onDone: (image: Image) => void,
): AsyncIterable<ProgressLine> {
  const { store, layers } = home;
  const { source, reference, message, changes, platform } = request;
  const tags = reference === "" ? [] : [canonicalName(tagOf(reference))];
  const runConfig = changedConfig({}, changes);
  const base = scratchSnapshot();
  if (source !== "-") yield { status: `Downloading from ${shownUrl(source)}` };
  const opened = await open(home, request);
  const lease = store.lease();
  try {
    const { signal } = request;
    const layer = await addArchiveAsLayer(opened.archive, { store, layers, lease, signal });
    const place = { ...base.config, ...(platform === undefined ? hostPlatform() : parsePlatform(platform)) };
    const snapshot = nextSnapshot(
      { ...base, config: place },
      {
        ...{ runConfig, layer, createdBy: "", created: new Date().toISOString() },
        comment: message === "" ? `Imported from ${shownUrl(source)}` : message,
      },
    );
    const image = await addNewImage(store, lease, {
      config: configBytes(snapshot.config),
      layers: snapshot.layers.map(({ descriptor }) => descriptor),
      tags,
    });
    onDone(image);
    yield { status: image.id };
  } finally {
    lease.release();
    await opened.close();
  }
}

function tagOf(text: string): ReturnType<typeof parseReference> {
  const reference = parseReference(text);
  if (reference.digest === undefined) return reference;
  throw new RuncibleError("invalid-argument", "cannot import digest reference");
}

async function open(
  { store, authorities }: { readonly store: ImageStore; readonly authorities: readonly AuthorityPlace[] },
  { source, body, signal }: ImportRequest,
): Promise<{ readonly archive: Readable; close(): Promise<void> }> {
  if (source === "-") return { archive: body, close: async () => {} };
  const scratch = await store.scratch();
  try {
    const url = isUrl(source) ? source : `http://${source}`;
    const { path } = await download(url, scratch.path, { signal, authorities });
    return { archive: createReadStream(path), close: () => scratch.remove() };
  } catch (error) {
    await scratch.remove();
    throw error;
  }
}
