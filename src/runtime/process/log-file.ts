import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { isLineEnd, type LogLine, readLines, serializeLine } from "./log-format";

export interface LogLimits {
  /** Bytes of one file before the next is begun. */
  readonly maxBytes: number;
  /** Files kept; with one, the log starts over when it is full. */
  readonly maxFiles: number;
}

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
  readonly path: string;
  /** A run begins; followers wait for its end. */
  beginRun(): void;
  /** Lines are cut at 16 KiB; text without a line end is kept back until more of it comes or the run ends. */
  append(stream: "stdout" | "stderr", chunk: Buffer): Promise<void>;
  /** Writes kept-back text; readers that follow end. */
  endRun(): Promise<void>;
  read(options: LogReadOptions): AsyncIterable<LogLine>;
  /** Readers end. Idempotent. */
  close(): Promise<void>;
}

const pieceBytes = 16 * 1024;

/** Opens the log of a container, which may have one already. */
export async function openLogFile(folder: string, limits: LogLimits): Promise<LogFile> {
  const path = join(folder, "container.log");
  const partial = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  let file: FileHandle = await open(path, "a", 0o640);
  let size = (await file.stat()).size;
  let isLive = false;
  let isClosed = false;
  let generation = 0;
  let lastTime = 0n;
  let queue: Promise<void> = Promise.resolve();
  let wakeFollowers: (() => void)[] = [];

  const wake = (): void => {
    const waiting = wakeFollowers;
    wakeFollowers = [];
    for (const resolve of waiting) resolve();
  };

  /** Strictly increasing, so that `since` can tell any two lines apart. */
  const stamp = (): bigint => {
    const now = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6));
    lastTime = now > lastTime ? now : lastTime + 1n;
    return lastTime;
  };

  const rotate = async (): Promise<void> => {
    await file.close();
    for (let index = limits.maxFiles - 1; index >= 1; index--) {
      const older = index === 1 ? path : `${path}.${index - 1}`;
      await rename(older, `${path}.${index}`).catch(() => {});
    }
    if (limits.maxFiles === 1) await rm(path, { force: true });
    file = await open(path, "a", 0o640);
    size = 0;
    generation += 1;
  };

  const write = (lines: readonly Buffer[]): Promise<void> => {
    queue = queue.then(async () => {
      if (isClosed || lines.length === 0) return;
      if (size >= limits.maxBytes) await rotate();
      const bytes = Buffer.concat(lines);
      await file.appendFile(bytes);
      size += bytes.length;
      wake();
    });
    return queue;
  };

  const append = (stream: "stdout" | "stderr", chunk: Buffer): Promise<void> => {
    const lines: Buffer[] = [];
    let rest = partial[stream].length === 0 ? chunk : Buffer.concat([partial[stream], chunk]);
    for (;;) {
      const end = rest.indexOf(0x0a) + 1;
      const length = end > 0 ? Math.min(end, pieceBytes) : rest.length >= pieceBytes ? pieceBytes : 0;
      if (length === 0) break;
      lines.push(serializeLine(stream, stamp(), rest.subarray(0, length)));
      rest = rest.subarray(length);
    }
    partial[stream] = Buffer.from(rest);
    return write(lines);
  };

  const flush = (): Promise<void> => {
    const lines = (["stdout", "stderr"] as const).flatMap((stream) => {
      const rest = partial[stream];
      partial[stream] = Buffer.alloc(0);
      return rest.length === 0 ? [] : [serializeLine(stream, stamp(), rest)];
    });
    return write(lines);
  };

  async function* read(options: LogReadOptions): AsyncIterable<LogLine> {
    await queue;
    const accepts = (line: LogLine): boolean =>
      options[line.stream] && line.time >= (options.since ?? 0n);
    const isLate = (line: LogLine): boolean => options.until !== undefined && line.time > options.until;
    let seenGeneration = generation;
    let position = size;
    const past: LogLine[] = [];
    for (const name of pastFiles()) {
      const limit = name === path ? position : undefined;
      for await (const line of readLines(name, 0, limit)) {
        if (!accepts(line) || isLate(line)) continue;
        if (options.tail === undefined) yield line;
        else keepLast(past, line, options.tail);
      }
    }
    yield* past;
    while (options.follow && !options.signal.aborted) {
      const wasLive = isLive && !isClosed;
      if (generation !== seenGeneration) {
        seenGeneration = generation;
        position = 0;
      }
      const end = size;
      for await (const line of readLines(path, position, end)) {
        if (isLate(line)) return;
        if (accepts(line)) yield line;
      }
      position = end;
      if (!wasLive) return;
      if (size === position && generation === seenGeneration && isLive) await nextChange(options.signal);
    }
  }

  const nextChange = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      wakeFollowers.push(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
    });

  function pastFiles(): readonly string[] {
    const older = Array.from({ length: limits.maxFiles - 1 }, (_, index) => `${path}.${limits.maxFiles - 1 - index}`);
    return [...older, path];
  }

  const endRun = async (): Promise<void> => {
    await flush();
    isLive = false;
    wake();
  };

  const close = async (): Promise<void> => {
    if (isClosed) return;
    await queue;
    isClosed = true;
    isLive = false;
    wake();
    await file.close();
  };

  const beginRun = (): void => {
    isLive = true;
  };
  return { path, beginRun, append, endRun, read, close };
}

function keepLast(lines: LogLine[], line: LogLine, count: number): void {
  lines.push(line);
  // A line longer than a piece counts once: with its last piece.
  let complete = 0;
  for (let index = lines.length - 1; index >= 0; index--) {
    const piece = lines[index];
    if (piece !== undefined && (isLineEnd(piece) || index === lines.length - 1)) complete += 1;
    if (complete > count) {
      lines.splice(0, index + 1);
      return;
    }
  }
}
