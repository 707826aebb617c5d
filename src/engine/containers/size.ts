import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Container } from "./container";
import type { ContainerContext } from "./context";

/** Bytes that the container wrote, and with its image's. */
export async function sizeOf(
  context: ContainerContext,
  container: Container,
): Promise<{ readonly writable: number; readonly total: number }> {
  const [writable, ...layers] = await Promise.all([
    bytesIn(join(container.folder, "upper")),
    ...container.record.diffIds.map((diffId) => context.runtime.layers.sizeOf(diffId)),
  ]);
  return { writable, total: layers.reduce((sum, size) => sum + size, writable) };
}

async function bytesIn(folder: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) sum += await bytesIn(path);
    else if (entry.isFile()) sum += (await lstat(path).catch(() => undefined))?.size ?? 0;
  }
  return sum;
}
