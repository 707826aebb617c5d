import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { Header } from "tar-stream";
import { inChunks } from "../../internal/in-chunks";
import type { InFlight } from "../../internal/in-flight";
import type { Handle } from "../tree/handle";
import { type ArchiveEntry, failureOf, modeOf, ownerOf, timeOf, type WriteOptions } from "./archive-entry";

const newFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** So much of a file is held in memory at most, until it is written. */
const chunkBytes = 512 * 1024;
const smallBytes = 64 * 1024;

/**
 * Writes a new file; it has its name when this resolves. A small one gets its content later, as a task of `files`: its
 * calls cost mostly their way to a thread and back, which several files share.
 */
export async function writeFile(
  folder: Handle,
  name: string,
  data: ArchiveEntry,
  options: WriteOptions & { readonly files: InFlight },
): Promise<void> {
  const { header } = data;
  const file = await open(folder.at(name), newFile, 0o600);
  let isLater = false;
  try {
    if ((header.size ?? 0) <= smallBytes) {
      const content: Uint8Array[] = [];
      for await (const chunk of contentOf(data, options)) content.push(chunk);
      await options.files.begin(() => fillLater(file, content, header, options));
      isLater = true;
    } else {
      await fill(file, contentOf(data, options), header, options);
    }
  } finally {
    if (!isLater) await file.close();
  }
}

async function fillLater(
  file: FileHandle,
  content: readonly Uint8Array[],
  header: Header,
  options: WriteOptions,
): Promise<void> {
  try {
    await fill(file, content, header, options);
  } catch (error) {
    throw failureOf(header.name, error);
  } finally {
    await file.close();
  }
}

async function* contentOf(data: ArchiveEntry, { programs }: WriteOptions): AsyncGenerator<Uint8Array> {
  programs?.begin();
  for await (const chunk of data) {
    if (!(chunk instanceof Uint8Array)) continue;
    programs?.push(chunk);
    yield chunk;
  }
}

/** Content, owner, permissions and time. */
async function fill(
  file: FileHandle,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  header: Header,
  options: WriteOptions,
): Promise<void> {
  for await (const chunk of inChunks(content, chunkBytes)) await file.writeFile(chunk);
  const { uid, gid } = ownerOf(header, options);
  await file.chown(uid, gid);
  // After the owner, whose change takes setuid away.
  await file.chmod(modeOf(header));
  await file.utimes(timeOf(header), timeOf(header));
}
