import { sizeOfTree } from "../../runtime/tree/tree-size";
import type { Container } from "./container";
import type { ContainerContext } from "./context";

/**
 * Bytes that the container wrote, and with its image's. Layers that were lost are not unpacked for it: whoever lists or
 * removes a container needs none. Where what was written is told by comparing, their files count as written.
 */
export async function sizeOf(
  context: ContainerContext,
  container: Container,
): Promise<{ readonly writable: number; readonly total: number }> {
  const { layers: store, rootfs } = context.runtime;
  const { diffIds } = container.record;
  const areWhole = await Promise.all(diffIds.map((diffId) => store.has(diffId)));
  const layers = diffIds.filter((_diffId, index) => areWhole[index]).map((diffId) => store.pathOf(diffId));
  const [writable, ...sizes] = await Promise.all([
    rootfs.written({ layers, folder: container.folder }, sizeOfTree),
    ...diffIds.map((diffId) => store.sizeOf(diffId)),
  ]);
  return { writable, total: sizes.reduce((sum, size) => sum + size, writable) };
}
