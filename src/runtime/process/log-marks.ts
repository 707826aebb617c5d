import type { LogStream } from "./log-format";
import type { LogPosition } from "./log-segments";

/** Which lines a reader wants of a log. */
export interface WantedLines {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Nanoseconds since 1970, inclusive. */
  readonly since?: bigint;
  /** Last lines; absent: all. */
  readonly tail?: number;
}

/** Lines that came into the log in one go. */
export interface WrittenLines {
  /** One for each line. */
  readonly streams: readonly LogStream[];
  readonly bytes: number;
  /** Of the last of them. */
  readonly time: bigint;
  /** Where the next ones begin. */
  readonly end: LogPosition;
}

/** Remembers places of a log with what lies before each, so that whoever wants its end need not read all of it. */
export interface LogMarks {
  add(written: WrittenLines): void;
  /** The segments before this one are gone. */
  forgetBefore(segment: number): void;
  /** A place before all lines that are wanted, the last such that is known. Undefined: the log's beginning. */
  before(wanted: WantedLines): LogPosition | undefined;
}

interface Mark {
  readonly place: LogPosition;
  /** Lines before it, since the log was opened. */
  readonly lines: Readonly<Record<LogStream, number>>;
  /** Of the last line before it. */
  readonly time: bigint;
}

/** A reader reads so much too much at most; a log of a gigabyte has some four thousand marks. */
const bytesBetween = 256 * 1024;

export function createLogMarks(): LogMarks {
  const lines: Record<LogStream, number> = { stdout: 0, stderr: 0 };
  let marks: Mark[] = [];
  let unmarkedBytes = 0;

  const add = ({ streams, bytes, time, end }: WrittenLines): void => {
    for (const stream of streams) lines[stream] += 1;
    unmarkedBytes += bytes;
    if (unmarkedBytes < bytesBetween) return;
    marks.push({ place: end, lines: { ...lines }, time });
    unmarkedBytes = 0;
  };

  const before = ({ stdout, stderr, since, tail }: WantedLines): LogPosition | undefined => {
    const countBehind = (mark: Mark): number =>
      (stdout ? lines.stdout - mark.lines.stdout : 0) + (stderr ? lines.stderr - mark.lines.stderr : 0);
    const isEarly = (mark: Mark): boolean => since !== undefined && mark.time < since;
    const hasEnough = (mark: Mark): boolean => tail !== undefined && countBehind(mark) >= tail;
    return marks.findLast((mark) => isEarly(mark) || hasEnough(mark))?.place;
  };

  const forgetBefore = (segment: number): void => {
    marks = marks.filter(({ place }) => place.segment >= segment);
  };
  return { add, forgetBefore, before };
}
