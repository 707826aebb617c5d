import { hasCode } from "../../internal/errors";
import { openTree } from "./open-tree";
import type { TreeWalk } from "./tree-walk";
import { walkTo } from "./walk-to";

/** The start of a file below a root, at most `limitBytes` of it. Undefined when there is no regular file. */
export async function readFileIn(root: string, path: string, limitBytes: number): Promise<Buffer | undefined> {
  await using walk = await openTree({ path: root });
  try {
    const last = await walkTo(walk, path, { followLast: true });
    return last === undefined ? undefined : await readEntry(walk, last, limitBytes);
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return undefined;
    throw error;
  }
}

async function readEntry(walk: TreeWalk, name: string, limitBytes: number): Promise<Buffer | undefined> {
  const entry = await walk.openEntry(name);
  try {
    const stat = await entry.stat();
    if (!stat.isFile()) return undefined;
    const file = await entry.openContent();
    try {
      const buffer = Buffer.alloc(Math.min(stat.size, limitBytes));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } finally {
    await entry.close();
  }
}
