import type { ContainerContext } from "./context";

/** Removes content that no image, lease or container needs. Resolves to the bytes of blobs that were freed. */
export async function collectContent({
  images,
  runtime,
  index,
}: Pick<ContainerContext, "images" | "runtime" | "index">): Promise<number> {
  const bytes = await images.collectGarbage();
  await runtime.layers.collectGarbage(
    (diffId) => images.needsLayer(diffId) || index.values().some(({ record }) => record.diffIds.includes(diffId)),
  );
  return bytes;
}
