import { withoutPasswords } from "../../internal/without-passwords";
import type { Descriptor } from "../../runtime/image/descriptor";
import { type Digest, digestOf } from "../../runtime/image/digest";
import type { HistoryEntry, Image, ImageConfig, ImageRunConfig } from "../../runtime/image/manifest";
import { hostPlatform } from "../../runtime/image/platform";

export interface LayerRef {
  readonly diffId: Digest;
  readonly descriptor: Descriptor;
}

/** What a stage has come to after a step: an image, but for its name. */
export interface Snapshot {
  readonly layers: readonly LayerRef[];
  readonly config: ImageConfig;
  /** Undefined: nothing yet, as after `FROM scratch`. */
  readonly id?: Digest;
}

export interface SnapshotStep {
  readonly runConfig: ImageRunConfig;
  readonly createdBy: string;
  /** RFC 3339. */
  readonly created: string;
  readonly layer?: LayerRef;
  readonly author?: string;
  readonly comment?: string;
}

export function scratchSnapshot(): Snapshot {
  return {
    layers: [],
    config: { ...hostPlatform(), config: {}, rootfs: { type: "layers", diff_ids: [] }, history: [] },
  };
}

export function imageSnapshot({ id, manifest, config }: Image): Snapshot {
  const layers = config.rootfs.diff_ids.flatMap((diffId, index) => {
    const descriptor = manifest.layers[index];
    return descriptor === undefined ? [] : [{ diffId, descriptor }];
  });
  return { layers, config: { ...config, history: wholeHistory(config) }, id };
}

/** Some tools leave the history out; what is added to it must not be taken for the steps of the layers below. */
function wholeHistory({ history = [], rootfs, created }: ImageConfig): readonly HistoryEntry[] {
  const known = history.filter((entry) => entry.empty_layer !== true).length;
  const missing = Math.max(0, rootfs.diff_ids.length - known);
  const unknown: HistoryEntry = { ...(created === undefined ? {} : { created }), created_by: "" };
  return [...Array.from({ length: missing }, () => unknown), ...history];
}

export function diffIdsOf({ layers }: Snapshot): readonly Digest[] {
  return layers.map(({ diffId }) => diffId);
}

/** The snapshot after a step. */
export function nextSnapshot({ layers, config }: Snapshot, step: SnapshotStep): Snapshot {
  const { runConfig, createdBy, created, layer } = step;
  const author = step.author ?? config.author;
  const entry: HistoryEntry = {
    created,
    // Whoever gets the image reads it.
    created_by: withoutPasswords(createdBy),
    ...(author === undefined ? {} : { author }),
    ...(step.comment === undefined ? {} : { comment: step.comment }),
    ...(layer === undefined ? { empty_layer: true } : {}),
  };
  const nextLayers = layer === undefined ? layers : [...layers, layer];
  const next: ImageConfig = {
    architecture: config.architecture,
    ...(author === undefined ? {} : { author }),
    config: runConfig,
    created,
    history: [...(config.history ?? []), entry],
    os: config.os,
    rootfs: { type: "layers", diff_ids: nextLayers.map(({ diffId }) => diffId) },
    ...(config.variant === undefined ? {} : { variant: config.variant }),
  };
  return { layers: nextLayers, config: next, id: digestOf(configBytes(next)) };
}

export function configBytes(config: ImageConfig): Buffer {
  return Buffer.from(JSON.stringify(config));
}
