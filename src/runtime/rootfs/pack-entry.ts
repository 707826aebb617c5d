import type { Stats } from "node:fs";
import { paddingOf } from "../layer/tar-header";
import type { Handle } from "../tree/handle";
import { encodeEntry } from "./tar-entry";

const readBytes = 256 * 1024;

export interface EntryToPack {
  /** In the archive; that of a folder ends with a slash. */
  readonly name: string;
  readonly stat: Stats;
  readonly linkTarget?: string;
  /** Of a file, if it was read already. */
  readonly content?: Buffer;
  /** Files with several names that were packed before: identity to name. */
  readonly links: Map<string, string>;
}

/** The blocks of one entry. Sockets cannot be in a tar and give none. */
export async function* packEntry(
  entry: Handle,
  { name, stat, linkTarget, content, links }: EntryToPack,
): AsyncGenerator<Buffer> {
  const sameAs = stat.isFile() && stat.nlink > 1 ? await nameBefore(entry, name, links) : undefined;
  const header = encodeEntry({
    name,
    stat,
    ...(linkTarget === undefined ? {} : { linkTarget }),
    ...(sameAs === undefined ? {} : { sameAs }),
  });
  if (header === undefined) return;
  yield header;
  if (!stat.isFile() || sameAs !== undefined || stat.size === 0) return;
  if (content === undefined) yield* contentOf(entry, stat.size);
  else yield content;
  yield Buffer.alloc(paddingOf(stat.size));
}

async function nameBefore(entry: Handle, name: string, links: Map<string, string>): Promise<string | undefined> {
  const identity = await entry.identity();
  const before = links.get(identity);
  if (before === undefined) links.set(identity, name);
  return before;
}

/** As many bytes as were announced: of a file that shrinks meanwhile the rest is zeros, as GNU tar has it. */
export async function* contentOf(entry: Handle, size: number): AsyncGenerator<Buffer> {
  const file = await entry.openContent();
  try {
    let left = size;
    while (left > 0) {
      const buffer = Buffer.allocUnsafe(Math.min(left, readBytes));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, size - left);
      const isShort = bytesRead === 0;
      const bytes = isShort ? buffer.fill(0) : buffer.subarray(0, bytesRead);
      left -= bytes.length;
      yield bytes;
    }
  } finally {
    await file.close();
  }
}
