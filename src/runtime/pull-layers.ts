import { once } from "node:events";
import { eachAtATime } from "../internal/each-at-a-time";
import { RuncibleError } from "../internal/errors";
import type { BlobStore } from "./image/blob-store";
import type { Descriptor } from "./image/descriptor";
import type { Digest } from "./image/digest";
import type { ImageManifest } from "./image/manifest";
import type { LayerStore } from "./layer/layer-store";
import { layerName } from "./pull-download";
import { type LayerJob, pullLayer } from "./pull-layer";

export interface MissingLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

/**
 * Layers the store lacks, unpacked or as they came, each once. Of every image all blobs are kept: it can be pushed and
 * saved as it is at its registry, also when another image brought the same files in another compression. Throws
 * `image-invalid` when manifest and config do not fit each other.
 */
export async function missingLayers(
  { layers, blobs }: { readonly layers: LayerStore; readonly blobs: BlobStore },
  manifest: ImageManifest,
  diffIds: readonly Digest[],
): Promise<readonly MissingLayer[]> {
  if (manifest.layers.length !== diffIds.length) {
    throw new RuncibleError(
      "image-invalid",
      "pull image: its manifest and its config name different numbers of layers",
    );
  }
  const missing: MissingLayer[] = [];
  for (const [index, descriptor] of manifest.layers.entries()) {
    const diffId = diffIds[index];
    const isSame = (layer: MissingLayer): boolean =>
      layer.diffId === diffId && layer.descriptor.digest === descriptor.digest;
    if (diffId === undefined || missing.some(isSame)) continue;
    const isThere = (await layers.has(diffId)) && (await blobs.has(descriptor.digest));
    if (!isThere) missing.push({ descriptor, diffId });
  }
  return missing;
}

export interface LayersJob extends Omit<LayerJob, "descriptor" | "diffId"> {
  readonly parallelDownloads: number;
  /** Of all pulls, by diff id: two at once must not fetch one layer twice. */
  readonly underWay: Map<Digest, Promise<void>>;
}

/** A few at a time. The first failure stops the others. Throws as `pullLayer`. */
export async function pullLayers(missing: readonly MissingLayer[], job: LayersJob): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([job.signal, stop.signal]);
  await eachAtATime(job.parallelDownloads, missing, stop, (layer) =>
    pullOnce({ ...job, ...layer, signal }, job.underWay),
  );
}

async function pullOnce(job: LayerJob, underWay: Map<Digest, Promise<void>>): Promise<void> {
  for (let other = underWay.get(job.diffId); other !== undefined; other = underWay.get(job.diffId)) {
    // Whoever began it may be cancelled or fail for a reason of its own: then it is our turn.
    await settledOrAborted(other, job);
  }
  if ((await job.layers.has(job.diffId)) && (await job.images.blobs.has(job.descriptor.digest))) {
    job.onProgress({ layer: layerName(job.descriptor), phase: "done" });
    return;
  }
  // Another waiter may have been quicker to take over while the store was asked.
  if (underWay.has(job.diffId)) return await pullOnce(job, underWay);
  const done = pullLayer(job).finally(() => underWay.delete(job.diffId));
  underWay.set(job.diffId, done);
  await done;
}

async function settledOrAborted(other: Promise<void>, { signal, descriptor }: LayerJob): Promise<void> {
  const waiting = new AbortController();
  const aborted = signal.aborted ? Promise.resolve() : once(signal, "abort", { signal: waiting.signal });
  await Promise.race([other, aborted]).catch(() => {});
  waiting.abort();
  aborted.catch(() => {});
  if (signal.aborted) throw new RuncibleError("aborted", `pull layer ${descriptor.digest}: cancelled`);
}
