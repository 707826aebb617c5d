import { stripVTControlCharacters } from "node:util";
import type { ProgressLine } from "../wire/progress";
import { createLiveArea, type Screen } from "./live-area";

/** What a person sees of a build in a terminal. */
export interface BuildView {
  add(line: ProgressLine): void;
  /** The step under way failed, if there is one: what it wrote is told by the error. */
  fail(): void;
  /** Stops the clock and clears what is not to stay. Idempotent. */
  close(): void;
}

interface Step {
  /** `2/5` */
  readonly place: string;
  readonly text: string;
  readonly startMs: number;
  isCached: boolean;
  /** The end of what it wrote; the last one may go on. */
  output: string;
}

/** Of a step under way. */
const shownOutputLines = 6;
const outputLimit = 16 * 1024;
const drawEveryMs = 100;

/**
 * Each step stays as one line, `[2/5]   3.2s RUN make`; of the one under way, its time and the last lines of its output
 * are to be seen below, until it is done.
 */
export function createBuildView(screen: Screen, nowMs: () => number = () => performance.now()): BuildView {
  const area = createLiveArea(screen);
  let step: Step | undefined;
  const draw = (): void => area.draw(step === undefined ? [] : linesOf(step, nowMs()));
  const timer = setInterval(draw, drawEveryMs);
  timer.unref();

  const end = (isFailed: boolean): void => {
    if (step === undefined) return;
    const ended = step;
    step = undefined;
    area.draw([]);
    const outcome = isFailed ? "ERROR" : ended.isCached ? "CACHED" : seconds(nowMs() - ended.startMs);
    area.print(titleOf(ended, outcome));
  };
  const addOutput = (text: string): void => {
    const clean = plain(text);
    if (step !== undefined) step.output = (step.output + clean).slice(-outputLimit);
    else if (clean.trim() !== "") area.print(clean.trimEnd());
  };

  return {
    add: ({ stream, status, id, progress }) => {
      if (status !== undefined) addOutput(`${id === undefined ? "" : `${id}: `}${status} ${progress ?? ""}\n`);
      if (stream === undefined) return;
      const [, place, text = ""] = /^Step (\d+\/\d+) : (.*)\n$/s.exec(stream) ?? [];
      if (place !== undefined) {
        end(false);
        step = { place, text: oneLine(text), startMs: nowMs(), isCached: false, output: "" };
        draw();
      } else if (stream === " ---> Using cache\n") {
        if (step !== undefined) step.isCached = true;
      } else if (/^ ---> (?:[0-9a-f]{12})?\n$/.test(stream)) end(false);
      else if (!/^(?: ---> )?(?:Running in|Remov(?:ed|ing) intermediate container) [0-9a-f]+\n$/.test(stream)) {
        addOutput(stream);
      }
    },
    fail: () => end(true),
    close: () => {
      clearInterval(timer);
      end(false);
    },
  };
}

function linesOf(step: Step, nowMs: number): readonly string[] {
  const lines = step.output.split("\n").map((line) => line.replace(/\r$/, "").split("\r").at(-1) ?? "");
  const last = lines.filter((line) => line.trim() !== "").slice(-shownOutputLines);
  return [titleOf(step, seconds(nowMs - step.startMs)), ...last.map((line) => `  | ${line}`)];
}

/** The outcome before the instruction, which may be too long for the terminal. */
function titleOf({ place, text }: Step, outcome: string): string {
  return `[${place}] ${outcome.padStart("CACHED".length)} ${text}`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)}s`;
}

const titleLimit = 100;

function oneLine(text: string): string {
  const line = plain(text).replace(/\s+/g, " ").trim();
  return line.length > titleLimit ? `${line.slice(0, titleLimit)}…` : line;
}

/** Without what would move the cursor or colour what comes after it. */
function plain(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll("\t", "  ")
    .replace(/[^\P{Cc}\n\r]/gu, "");
}
