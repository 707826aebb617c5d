import { layerFolders } from "../../runtime/layer-folders";
import { sizeOfTree } from "../../runtime/tree/tree-size";
import type { Container } from "./container";
import type { ContainerContext } from "./context";

/** Bytes that the container wrote, and with its image's. */
export async function sizeOf(
  context: ContainerContext,
  container: Container,
): Promise<{ readonly writable: number; readonly total: number }> {
  const { layers: store, rootfs } = context.runtime;
  const { diffIds } = container.record;
  const layers = await layerFolders(context.runtime, diffIds);
  const [writable, ...sizes] = await Promise.all([
    rootfs.written({ layers, folder: container.folder }, sizeOfTree),
    ...diffIds.map((diffId) => store.sizeOf(diffId)),
  ]);
  return { writable, total: sizes.reduce((sum, size) => sum + size, writable) };
}
