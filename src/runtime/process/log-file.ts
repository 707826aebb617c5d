import { createLogClock } from "./log-clock";
import { type LogLine, readLines, serializeLine } from "./log-format";
import { type LogPosition, type LogSegments, openLogSegments, type SegmentLimits } from "./log-segments";
import { createLogSplitter } from "./log-splitter";

export type LogLimits = SegmentLimits;

export interface LogReadOptions {
  /** Go on with new lines until the run ends. */
  readonly follow: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Nanoseconds since 1970, inclusive. */
  readonly since?: bigint;
  readonly until?: bigint;
  /** Last lines; absent: all. */
  readonly tail?: number;
  readonly signal: AbortSignal;
}

/** What a container has written, line by line, of all its runs. */
export interface LogFile {
  /** The file that is written to now. */
  readonly path: string;
  /** A run begins; followers wait for its end. */
  beginRun(): void;
  /** Lines are cut at 16 KiB; text without a line end is kept back until more of it comes or the run ends. */
  append(stream: "stdout" | "stderr", chunk: Buffer): Promise<void>;
  /** Writes kept-back text: nothing more will come of it. */
  flush(): Promise<void>;
  /** Flushes; readers that follow end with the last line of this run. */
  endRun(): Promise<void>;
  /** In the order of writing, both streams. Each reader goes at its own pace and holds nobody back. */
  read(options: LogReadOptions): AsyncIterable<LogLine>;
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

  const append = (stream: "stdout" | "stderr", chunk: Buffer): Promise<void> =>
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

  async function* read(options: LogReadOptions): AsyncIterable<LogLine> {
    await queue;
    const followed = run;
    const isFollowing = options.follow && followed.end === undefined;
    let position = segments.end;
    const past = linesBetween(segments, { segment: segments.first, offset: 0 }, position, options);
    yield* options.tail === undefined ? past : await lastOf(past, options.tail);
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
): AsyncGenerator<LogLine, boolean> {
  const wanted = { stdout, stderr };
  for (let segment = start.segment; segment <= end.segment; segment++) {
    const first = segment === start.segment ? start.offset : 0;
    const last = segment === end.segment ? end.offset : undefined;
    for await (const line of readLines(segments.pathOf(segment), first, last)) {
      if (signal.aborted) return true;
      if (until !== undefined && line.time > until) return true;
      if (wanted[line.stream] && line.time >= since) yield line;
    }
  }
  return false;
}

async function lastOf(lines: AsyncIterable<LogLine>, count: number): Promise<readonly LogLine[]> {
  const kept: LogLine[] = [];
  for await (const line of lines) {
    kept.push(line);
    // Cut in batches: moving the whole list for each line would cost its square.
    if (kept.length > 2 * count + 64) kept.splice(0, kept.length - count);
  }
  return count === 0 ? [] : kept.slice(-count);
}

function isSame(a: LogPosition, b: LogPosition): boolean {
  return a.segment === b.segment && a.offset === b.offset;
}
