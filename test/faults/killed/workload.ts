import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { exitOf, spawnTool } from "../../../src/internal/exec";

const fixture = join(__dirname, "../../fixtures/workload.cjs");

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly cause?: { readonly code?: string; readonly message: string };
}

/** A test process at work; see fixtures/workload.cjs. */
export interface Workload {
  readonly pid: number;
  /** Its program has been loaded. */
  readonly loaded: Promise<void>;
  /** What it did not manage. */
  readonly failures: readonly Failure[];
  /** Errors that nobody caught, which would be defects of the client. */
  readonly defects: readonly string[];
  /** Rounds that it finished, known at its end. */
  readonly rounds: () => number;
  /** Nothing is done before. */
  begin(): void;
  kill(): void;
  /** Lets it finish what it does. Rejects when it does not end within so many milliseconds; it is killed then. */
  end(withinMs: number): Promise<void>;
}

export function startWorkload(env: NodeJS.ProcessEnv, images: readonly string[]): Workload {
  const child = spawnTool(process.execPath, [fixture, ...images], { env, stdio: ["pipe", "pipe", "pipe"] });
  const failures: Failure[] = [];
  const defects: string[] = [];
  let rounds = 0;
  let noteLoaded = (): void => {};
  const loaded = new Promise<void>((resolve) => {
    noteLoaded = resolve;
  });
  const lines = createInterface({ input: child.stdout ?? Readable.from([]) });
  lines.on("line", (line) => {
    const fact = JSON.parse(line) as { failed?: Failure; unhandled?: string; rounds?: number };
    if (fact.failed !== undefined) failures.push(fact.failed);
    if (fact.unhandled !== undefined) defects.push(fact.unhandled);
    rounds = fact.rounds ?? rounds;
    noteLoaded();
  });
  child.stderr?.on("data", (chunk: Buffer) => defects.push(String(chunk)));
  child.stdin?.on("error", () => {});
  const ended = exitOf(child, "node");
  ended.then(noteLoaded, noteLoaded);
  return {
    pid: child.pid ?? -1,
    loaded,
    failures,
    defects,
    rounds: () => rounds,
    begin: () => void child.stdin?.write("begin\n"),
    kill: () => void child.kill("SIGKILL"),
    end: async (withinMs) => {
      child.stdin?.end();
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        child.kill("SIGKILL");
      }, withinMs);
      await ended;
      clearTimeout(timer);
      if (isLate) throw new TypeError(`the test process did not end within ${withinMs} ms`);
    },
  };
}
