import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type TreeFilter, walkTree } from "./tree";

/**
 * What a tree contains, as 64 hexadecimal digits: names, kinds, permissions, owners, contents, which names are of one
 * file, and no times, so that a fresh checkout is the same tree.
 */
export async function treeDigest(
  top: string,
  options: {
    readonly filter: TreeFilter;
    /** Owners in a build context are those of the client's machine, and mean nothing. */
    readonly countsOwners: boolean;
    readonly signal: AbortSignal;
  },
): Promise<string> {
  const hash = createHash("sha256");
  const linked = new Map<string, string>();
  for await (const { relative, path, stats, link, isLeftOut } of walkTree(top, options.filter)) {
    options.signal.throwIfAborted();
    const owner = options.countsOwners ? [stats.uid, stats.gid] : [];
    hash.update(
      JSON.stringify([relative, stats.mode, stats.isFile() ? stats.size : 0, stats.rdev, link ?? "", owner, isLeftOut]),
    );
    if (!stats.isFile()) continue;
    const first = stats.nlink > 1 ? linked.get(`${stats.dev}:${stats.ino}`) : undefined;
    if (first !== undefined) {
      hash.update(JSON.stringify(["link", first]));
      continue;
    }
    if (stats.nlink > 1) linked.set(`${stats.dev}:${stats.ino}`, relative);
    await hashFile(path, hash);
  }
  return hash.digest("hex");
}

async function hashFile(path: string, hash: Hash): Promise<void> {
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) hash.update(chunk);
}
