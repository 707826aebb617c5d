import { type FileHandle, open, readdir, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { readLines, streamOf, timeOf } from "./log-format";
import { createLogMarks, type LogMarks, type WantedLines } from "./log-marks";

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
  /** A place before all lines that are wanted, late enough that little else is read from there. */
  before(wanted: WantedLines): LogPosition;
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
  const marks = createLogMarks();
  let first = Math.min(...numbers, ...(numbers.length === 0 ? [0] : []));
  let segment = Math.max(first, ...numbers);
  let { offset, lastTime } = await repair(pathOf(segment), segment, marks);
  let file: FileHandle = await open(pathOf(segment), "a", 0o640);

  const beginNext = async (): Promise<void> => {
    const next = await open(pathOf(segment + 1), "a", 0o640);
    const full = file;
    file = next;
    segment += 1;
    offset = 0;
    await full.close();
    for (; first <= segment - limits.maxFiles; first++) await rm(pathOf(first), { force: true });
    marks.forgetBefore(first);
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
      else await append(records.slice(index, index + count));
      index += count;
    }
  };

  const append = async (records: readonly Buffer[]): Promise<void> => {
    const bytes = Buffer.concat(records);
    try {
      await file.appendFile(bytes);
    } catch (error) {
      await file.truncate(offset);
      throw error;
    }
    offset += bytes.length;
    const last = records.at(-1);
    if (last === undefined) return;
    marks.add({
      streams: records.map(streamOf),
      bytes: bytes.length,
      time: timeOf(last),
      end: { segment, offset },
    });
  };

  const segments: LogSegments = {
    get first() {
      return first;
    },
    get end() {
      return { segment, offset };
    },
    pathOf,
    before: (wanted) => marks.before(wanted) ?? { segment: first, offset: 0 },
    write,
    close: () => file.close(),
  };
  return { segments, lastTime };
}

/** A crash may have torn the last record: it is cut off, else nothing after it could be read. */
async function repair(path: string, segment: number, marks: LogMarks): Promise<{ offset: number; lastTime: bigint }> {
  let offset = 0;
  let lastTime = 0n;
  for await (const lines of readLines(path, 0, undefined)) {
    const { end, time } = lines.at(-1) ?? { end: offset, time: lastTime };
    const streams = lines.map(({ stream }) => stream);
    marks.add({ streams, bytes: end - offset, time, end: { segment, offset: end } });
    offset = end;
    lastTime = time;
  }
  if (offset > 0) await truncate(path, offset);
  else await rm(path, { force: true });
  return { offset, lastTime };
}
