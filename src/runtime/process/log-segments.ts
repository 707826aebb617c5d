import { type FileHandle, open, readdir, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { readLines } from "./log-format";

/** A place in the log: a segment's number and bytes in it. */
export interface LogPosition {
  readonly segment: number;
  readonly offset: number;
}

/** Numbered files that a log is written to one after the other; none is renamed, so a reader never loses its place. */
export interface LogSegments {
  readonly first: number;
  readonly end: LogPosition;
  pathOf(segment: number): string;
  /** After a failed write whole records at most are left of it. */
  write(records: readonly Buffer[]): Promise<void>;
  close(): Promise<void>;
}

export interface SegmentLimits {
  /** Of one file; only a single record that is larger makes a larger file. */
  readonly maxBytes: number;
  /** Files kept; with one, the log starts over when it is full. */
  readonly maxFiles: number;
}

const fileName = /^container\.(\d+)\.log$/;

/** Opens the segments in a folder, which may have none. `lastTime` is that of the last record. */
export async function openLogSegments(
  folder: string,
  limits: SegmentLimits,
): Promise<{ readonly segments: LogSegments; readonly lastTime: bigint }> {
  const pathOf = (segment: number): string => join(folder, `container.${segment}.log`);
  const numbers = (await readdir(folder)).flatMap((name) => fileName.exec(name)?.[1] ?? []).map(Number);
  let first = Math.min(...numbers, ...(numbers.length === 0 ? [0] : []));
  let segment = Math.max(first, ...numbers);
  let { offset, lastTime } = await repair(pathOf(segment));
  let file: FileHandle = await open(pathOf(segment), "a", 0o640);

  const beginNext = async (): Promise<void> => {
    const next = await open(pathOf(segment + 1), "a", 0o640);
    const full = file;
    file = next;
    segment += 1;
    offset = 0;
    await full.close();
    for (; first <= segment - limits.maxFiles; first++) await rm(pathOf(first), { force: true });
  };

  /** How many of the records, from `start` on, still go into the current file; at least one goes into an empty one. */
  const countFitting = (records: readonly Buffer[], start: number): number => {
    let end = offset;
    let index = start;
    for (; index < records.length; index++) {
      end += records[index]?.length ?? 0;
      if (end > limits.maxBytes && (offset > 0 || index > start)) break;
    }
    return index - start;
  };

  const write = async (records: readonly Buffer[]): Promise<void> => {
    for (let index = 0; index < records.length; ) {
      const count = countFitting(records, index);
      if (count === 0) await beginNext();
      else await append(Buffer.concat(records.slice(index, index + count)));
      index += count;
    }
  };

  const append = async (bytes: Buffer): Promise<void> => {
    try {
      await file.appendFile(bytes);
    } catch (error) {
      await file.truncate(offset);
      throw error;
    }
    offset += bytes.length;
  };

  const segments: LogSegments = {
    get first() {
      return first;
    },
    get end() {
      return { segment, offset };
    },
    pathOf,
    write,
    close: () => file.close(),
  };
  return { segments, lastTime };
}

/** A crash may have torn the last record: it is cut off, else nothing after it could be read. */
async function repair(path: string): Promise<{ offset: number; lastTime: bigint }> {
  let offset = 0;
  let lastTime = 0n;
  for await (const line of readLines(path, 0, undefined)) {
    offset = line.end;
    lastTime = line.time;
  }
  if (offset > 0) await truncate(path, offset);
  else await rm(path, { force: true });
  return { offset, lastTime };
}
