import type { ApiVersion } from "../../wire/versions";
import type { BuildCacheView } from "./build-service";
import type { ContainerView } from "./container-view";
import { encodeImageSummary } from "./encode-image";
import { encodeSummary } from "./encode-list";
import type { ImageView } from "./image-service";
import { encodeVolume } from "./volume-routes";
import type { VolumeUsage } from "./volume-service";

export interface DiskUsage {
  readonly images: readonly ImageView[];
  /** With their sizes. */
  readonly containers: readonly ContainerView[];
  readonly volumes: readonly VolumeUsage[];
  readonly buildCache: readonly BuildCacheView[];
  /** Bytes by layer. */
  readonly layerSizes: ReadonlyMap<string, number>;
}

/** Answer of `GET /system/df`, as up to API 1.51. `now`: milliseconds since 1970. */
export function encodeDiskUsage(usage: DiskUsage, version: ApiVersion, now: number): object {
  const { images, containers, layerSizes } = usage;
  const sum = (layers: Iterable<string>): number =>
    [...layers].reduce((total, layer) => total + (layerSizes.get(layer) ?? 0), 0);
  const all = images.flatMap(({ layers }) => [...new Set(layers)]);
  const isShared = (layer: string): boolean => all.indexOf(layer) !== all.lastIndexOf(layer);
  return {
    LayersSize: sum(new Set(all)),
    Images: images.map((view) => ({
      ...encodeImageSummary(view, version),
      SharedSize: sum(view.layers.filter(isShared)),
      Containers: containers.filter(({ imageId }) => imageId === view.id).length,
    })),
    Containers: containers.map((view) => encodeSummary(view, version, now)),
    Volumes: usage.volumes.map(({ sizeBytes, userCount, ...view }) => ({
      ...encodeVolume(view),
      UsageData: { Size: sizeBytes, RefCount: userCount },
    })),
    BuildCache: usage.buildCache.map(encodeCacheStep),
  };
}

/** Steps hold each other's layers, not each other: none is another's parent. */
function encodeCacheStep(step: BuildCacheView): object {
  return {
    ID: step.id,
    Parent: "",
    Type: "regular",
    Description: "",
    InUse: step.isInUse,
    Shared: false,
    Size: step.sizeBytes,
    CreatedAt: step.createdAt,
    LastUsedAt: step.usedAt,
    UsageCount: 1,
  };
}
