import { createLogClock } from "./log-clock";
import { type LogLine, type LogStream, readLines, serializeLine } from "./log-format";
import type { WantedLines } from "./log-marks";
import { type LogPosition, type LogSegments, openLogSegments, type SegmentLimits } from "./log-segments";
import { createLogSplitter } from "./log-splitter";

export type LogLimits = SegmentLimits;

export interface LogReadOptions extends WantedLines {
  /** Go on with new lines until the run ends. */
  readonly follow: boolean;
  /** Nanoseconds since 1970, inclusive. */
  readonly until?: bigint;
  readonly signal: AbortSignal;
}

/** What a container has written, line by line, of all its runs. */
export interface LogFile {
  /** The file that is written to now. */
  readonly path: string;
  /** A run begins; followers wait for its end. */
  beginRun(): void;
  /** Lines are cut at 16 KiB; text without a line end is kept back until more of it comes or the run ends. */
  append(stream: LogStream, chunk: Buffer): Promise<void>;
  /** Writes kept-back text: nothing more will come of it. */
  flush(): Promise<void>;
  /** Flushes; readers that follow end with the last line of this run. */
  endRun(): Promise<void>;
  /**
   * In the order of writing, both streams, as many lines at a time as are there. Each reader goes at its own pace and
   * holds nobody back.
   */
  read(options: LogReadOptions): AsyncIterable<readonly LogLine[]>;
  /** Readers end. Idempotent. */
  close(): Promise<void>;
}

/** One run, as its followers see it. */
interface LogRun {
  /** Set when the run has ended: where its last line ends. */
  end?: LogPosition;
}

/** Opens the log of a container, which may have one already. */
export async function openLogFile(folder: string, limits: LogLimits): Promise<LogFile> {
  const { segments, lastTime } = await openLogSegments(folder, limits);
  const stamp = createLogClock(lastTime);
  const splitters = { stdout: createLogSplitter(), stderr: createLogSplitter() };
  const followers = new Set<() => void>();
  let run: LogRun = { end: segments.end };
  let queue: Promise<void> = Promise.resolve();
  let closing: Promise<void> | undefined;

  const wake = (): void => {
    for (const resolve of followers) resolve();
    followers.clear();
  };

  const write = (records: readonly Buffer[]): Promise<void> => {
    if (records.length === 0 || closing !== undefined) return queue;
    const written = queue.then(() => segments.write(records)).then(wake);
    // A full disk fails this write; the next one may find room.
    queue = written.catch(() => {});
    return written;
  };

  const append = (stream: LogStream, chunk: Buffer): Promise<void> =>
    write(splitters[stream].push(chunk).map((piece) => serializeLine(stream, stamp(), piece)));

  const flush = (): Promise<void> => {
    const rests = (["stdout", "stderr"] as const).map((stream) => ({ stream, rest: splitters[stream].flush() }));
    return write(
      rests.flatMap(({ stream, rest }) => (rest.length === 0 ? [] : [serializeLine(stream, stamp(), rest)])),
    );
  };

  const endRun = async (): Promise<void> => {
    const ending = run;
    try {
      await flush();
    } finally {
      ending.end ??= segments.end;
      wake();
    }
  };

  const nextChange = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const settle = (): void => {
        signal.removeEventListener("abort", settle);
        followers.delete(settle);
        resolve();
      };
      signal.addEventListener("abort", settle);
      followers.add(settle);
    });

  async function* read(options: LogReadOptions): AsyncIterable<readonly LogLine[]> {
    await queue;
    const followed = run;
    const isFollowing = options.follow && followed.end === undefined;
    let position = segments.end;
    const past = linesBetween(segments, placeBefore(segments, options), position, options);
    if (options.tail === undefined) yield* past;
    else yield await lastOf(past, options.tail);
    while (isFollowing && !options.signal.aborted) {
      const hasEnded = followed.end !== undefined;
      const end = followed.end ?? segments.end;
      if (isSame(position, end)) {
        if (hasEnded) return;
        await nextChange(options.signal);
        continue;
      }
      const isPastUntil = yield* linesBetween(segments, position, end, options);
      if (isPastUntil) return;
      position = end;
    }
  }

  const close = (): Promise<void> => {
    closing ??= queue.then(() => {
      run.end ??= segments.end;
      wake();
      return segments.close();
    });
    return closing;
  };

  return {
    get path() {
      return segments.pathOf(segments.end.segment);
    },
    beginRun: () => {
      run = {};
    },
    append,
    flush,
    endRun,
    read,
    close,
  };
}

/**
 * The lines a reader wants between two places; segments that the log has dropped meanwhile are left out. Returns
 * whether a line was later than `until`: then none of the following ones is wanted either.
 */
async function* linesBetween(
  segments: LogSegments,
  start: LogPosition,
  end: LogPosition,
  { stdout, stderr, since = 0n, until, signal }: LogReadOptions,
): AsyncGenerator<readonly LogLine[], boolean> {
  const wanted = { stdout, stderr };
  for (let segment = start.segment; segment <= end.segment; segment++) {
    const first = segment === start.segment ? start.offset : 0;
    const last = segment === end.segment ? end.offset : undefined;
    for await (const lines of readLines(segments.pathOf(segment), first, last)) {
      if (signal.aborted) return true;
      const late = until === undefined ? -1 : lines.findIndex(({ time }) => time > until);
      const early = late < 0 ? lines : lines.slice(0, late);
      yield early.filter((line) => wanted[line.stream] && line.time >= since);
      if (late >= 0) return true;
    }
  }
  return false;
}

/** Lines before a time may be fewer than those that are counted from the end. */
function placeBefore(segments: LogSegments, { until, tail, ...wanted }: LogReadOptions): LogPosition {
  return segments.before({ ...wanted, ...(until === undefined && tail !== undefined ? { tail } : {}) });
}

async function lastOf(batches: AsyncIterable<readonly LogLine[]>, count: number): Promise<readonly LogLine[]> {
  let kept: readonly LogLine[] = [];
  if (count === 0) return kept;
  for await (const lines of batches) kept = [...kept, ...lines].slice(-count);
  return kept;
}

function isSame(a: LogPosition, b: LogPosition): boolean {
  return a.segment === b.segment && a.offset === b.offset;
}
