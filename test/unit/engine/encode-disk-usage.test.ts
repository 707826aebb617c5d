import { expect, test } from "vitest";
import { encodeDiskUsage } from "../../../src/engine/routes/encode-disk-usage";
import type { ImageView } from "../../../src/engine/routes/image-service";

const version = { major: 1, minor: 45 };

function image(id: string, ...layers: readonly string[]): ImageView {
  return {
    id,
    tags: [],
    repoDigests: [],
    createdAt: "2026-01-01T00:00:00Z",
    architecture: "amd64",
    os: "linux",
    author: "",
    comment: "",
    sizeBytes: 0,
    storageDriver: "overlay2",
    layers,
    config: {},
  };
}

const layerSizes = new Map([
  ["base", 100],
  ["one", 10],
  ["two", 1],
]);
const nothing = { images: [], containers: [], volumes: [], buildCache: [], layerSizes };

test("layers that images share are counted once, and told as shared", () => {
  const images = [image("a", "base", "one"), image("b", "base", "two")];

  expect(encodeDiskUsage({ ...nothing, images }, version, 0)).toMatchObject({
    LayersSize: 111,
    Images: [
      { Id: "a", SharedSize: 100, Containers: 0 },
      { Id: "b", SharedSize: 100, Containers: 0 },
    ],
  });
});

test("an image that has a layer twice shares it with nobody", () => {
  expect(encodeDiskUsage({ ...nothing, images: [image("a", "base", "base")] }, version, 0)).toMatchObject({
    LayersSize: 100,
    Images: [{ SharedSize: 0 }],
  });
});

test("volumes tell who has them, and the build cache what its steps take", () => {
  const volume = {
    ...{ name: "v", createdAt: "", mountpoint: "/v", labels: {}, options: {} },
    ...{ isAnonymous: false, sizeBytes: 7, userCount: 2 },
  };
  const step = { id: "step", createdAt: "c", usedAt: "u", sizeBytes: 5, isInUse: false };

  expect(encodeDiskUsage({ ...nothing, volumes: [volume], buildCache: [step] }, version, 0)).toMatchObject({
    Volumes: [{ Name: "v", UsageData: { Size: 7, RefCount: 2 } }],
    BuildCache: [{ ID: "step", Size: 5, CreatedAt: "c", LastUsedAt: "u", InUse: false }],
  });
});
