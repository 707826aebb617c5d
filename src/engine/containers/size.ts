import { join } from "node:path";
import { sizeOfTree } from "../../runtime/tree/tree-size";
import type { Container } from "./container";
import type { ContainerContext } from "./context";

/** Bytes that the container wrote, and with its image's. */
export async function sizeOf(
  context: ContainerContext,
  container: Container,
): Promise<{ readonly writable: number; readonly total: number }> {
  const [writable, ...layers] = await Promise.all([
    sizeOfTree(join(container.folder, "upper")),
    ...container.record.diffIds.map((diffId) => context.runtime.layers.sizeOf(diffId)),
  ]);
  return { writable, total: layers.reduce((sum, size) => sum + size, writable) };
}
