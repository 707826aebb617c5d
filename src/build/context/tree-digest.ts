import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { ahead } from "../../internal/ahead";
import { type TreeEntry, type TreeFilter, walkTree } from "./tree";

const filesAhead = 16;
/** What is read ahead is held in memory. */
const smallBytes = 64 * 1024;

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
  for await (const { entry, content } of ahead(walkTree(top, options.filter), filesAhead, withSmallContent)) {
    options.signal.throwIfAborted();
    const { relative, path, stats, link, isLeftOut } = entry;
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
    if (content === undefined) await hashFile(path, hash);
    else hash.update(content);
  }
  return hash.digest("hex");
}

async function withSmallContent(
  entry: TreeEntry,
): Promise<{ readonly entry: TreeEntry; readonly content: Buffer | undefined }> {
  const isSmall = entry.stats.isFile() && entry.stats.size <= smallBytes;
  return { entry, content: isSmall ? await readFile(entry.path) : undefined };
}

async function hashFile(path: string, hash: Hash): Promise<void> {
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) hash.update(chunk);
}
