import type { ChildProcess } from "node:child_process";
import { type FSWatcher, readFileSync, watch } from "node:fs";
import { rm } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { PassThrough, pipeline, type Readable } from "node:stream";
import { hasCode, RuncibleError } from "../../internal/errors";
import { spawnFailed, spawnTool } from "../../internal/exec";
import { randomId } from "../../internal/ids";
import { killIfThere } from "../../internal/kill-if-there";
import { Mutex } from "../../internal/mutex";
import { holdMovesQuick } from "./cgroup-moves";
import { watchExitLog } from "./exit-log";
import type { RuncProcess } from "./runc";
import { readRuncLog, runcError } from "./runc-error";
import { resizeTerminal, terminalCommand } from "./terminal";
import { withoutDoubledReturns } from "./terminal-output";
import { runcMissing } from "./version";

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

export interface LaunchRequest {
  /** For error messages: "start container 0123456789ab". */
  readonly subject: string;
  readonly root: string;
  /** For pid and log files. */
  readonly folder: string;
  readonly args: readonly string[];
  /** Container id. */
  readonly target: string;
  readonly hasStdin: boolean;
  readonly tty?: TerminalSize;
  /**
   * Its end is known although others still hold its output; a debug log of runc's tells, which costs some milliseconds.
   */
  readonly mayLeaveOthers?: boolean;
}

/** runc's exit code when it could not even start the process; only then is its log looked at. */
export interface RuncExit {
  readonly exitCode: number;
}

/** Starts runc and waits until it has written its pid file, which it does once the process runs. */
export async function launch(request: LaunchRequest): Promise<RuncProcess> {
  const key = randomId().slice(0, 16);
  const pidFile = `${key}.pid`;
  const pidPath = join(request.folder, pidFile);
  const logPath = join(request.folder, `${key}.log`);
  const watcher = watchFor(request, pidFile);
  const child = spawnOrClose(watcher, () => spawnRunc(request, pidPath, logPath));
  const output = { stdout: heldBack(child.stdout, request.tty !== undefined), stderr: heldBack(child.stderr) };
  const exited = exitOf(child, request.subject);
  const releaseMoves = holdMovesQuick();
  const removeLog = (): Promise<void> => rm(logPath, { force: true });
  let isLogRead = false;
  try {
    const ended = await Promise.race([watcher.seen.then(() => undefined), exited]);
    // A process that ended at once has left its pid file all the same.
    const pid = readPid(pidPath);
    if (pid === undefined) {
      const message = await readRuncLog(logPath);
      // What makes a terminal is there, and tells as a shell does that runc is not.
      if (message === "" && ended?.exitCode === programNotFound) throw runcMissing(request.subject);
      throw runcError(request.subject, message, textIn(output.stderr) || `exit code ${ended?.exitCode}`);
    }
    endWithRunc(child, pid);
    if (!request.mayLeaveOthers) return processOf(child, { pid, exited, ...output }, request);
    isLogRead = true;
    const log = watchExitLog(logPath, pid);
    void exited
      .finally(log.close)
      .finally(removeLog)
      .catch(() => {});
    const first = Promise.race([exited, log.exited]);
    void endWith(child, [first, closed(output.stdout), closed(output.stderr)]);
    return processOf(child, { pid, exited: first, ...output }, request);
  } finally {
    releaseMoves();
    watcher.close();
    await Promise.all([rm(pidPath, { force: true }), isLogRead ? undefined : removeLog()]);
  }
}

/** Some failures of a spawn are thrown and not told by an event: E2BIG, ENOMEM. */
function spawnOrClose(watcher: { close(): void }, spawn: () => ChildProcess): ChildProcess {
  try {
    return spawn();
  } catch (error) {
    watcher.close();
    throw error;
  }
}

/** Of a runc that somebody killed: nobody would hear of its process any more, so that must not go on. */
function endWithRunc(child: ChildProcess, pid: number): void {
  const endProcess = (_code: number | null, signal: NodeJS.Signals | null): void => {
    if (signal !== null && !child.killed) killIfThere(pid, "SIGKILL");
  };
  if (child.exitCode !== null || child.signalCode !== null) endProcess(child.exitCode, child.signalCode);
  else child.once("exit", endProcess);
}

/** A runc that waits for output which nobody reads any more would do so for as long as somebody holds it. */
async function endWith(child: ChildProcess, conditions: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(conditions);
  child.kill("SIGKILL");
}

function closed(stream: Readable): Promise<unknown> {
  return stream.closed ? Promise.resolve() : new Promise((resolve) => stream.once("close", resolve));
}

function spawnRunc(request: LaunchRequest, pidPath: string, logPath: string): ChildProcess {
  const { root, args, target, tty, hasStdin } = request;
  const debug = request.mayLeaveOthers ? ["--debug"] : [];
  const options = ["--root", root, "--log", logPath, "--log-format", "json", ...debug];
  const [verb = "", ...rest] = args;
  const runc = ["runc", ...options, verb, "--pid-file", pidPath, ...rest, target];
  const [command = "", ...commandArgs] = tty === undefined ? runc : terminalCommand(runc, tty);
  // A terminal without input must stay open all the same: its end would read as Ctrl-D.
  const stdin = hasStdin || tty !== undefined ? "pipe" : "ignore";
  return spawnTool(command, commandArgs, { stdio: [stdin, "pipe", "pipe"] });
}

function processOf(
  child: ChildProcess,
  started: Pick<RuncProcess, "pid" | "exited" | "stdout"> & { readonly stderr: Readable },
  { hasStdin, tty }: LaunchRequest,
): RuncProcess {
  const { stdin } = child;
  const { pid, exited, stdout, stderr } = started;
  // The last size that was asked for is the one that stays.
  const sizes = new Mutex();
  // Writing to a process that is gone is no news: its end is told by `exited`.
  stdin?.on("error", () => {});
  return {
    pid,
    stdin: hasStdin ? stdin : null,
    stdout,
    stderr: tty === undefined ? stderr : null,
    exited,
    kill: (signal) => killIfThere(pid, signal),
    resize: (size) =>
      sizes.run(async () => tty === undefined || (child.pid !== undefined && (await resizeTerminal(child.pid, size)))),
  };
}

const programNotFound = 127;

function exitOf(child: ChildProcess, subject: string): Promise<RuncExit> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => {
      const failed = spawnFailed(child.spawnfile, cause);
      const isMissing = child.spawnfile === "runc" && hasCode(failed, "tool-missing");
      reject(isMissing ? runcMissing(subject, cause) : failed);
    });
    child.once("exit", (code, signal) =>
      resolve({ exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]) }),
    );
  });
}

/**
 * When a child ends, Node empties pipes that nobody reads yet; this one waits for its reader. Destroying it closes the
 * pipe too.
 */
function heldBack(pipe: Readable | null, isTerminal = false): Readable {
  const held = isTerminal ? withoutDoubledReturns() : new PassThrough();
  return pipe === null ? held.end() : pipeline(pipe, held, () => {});
}

function textIn(stream: Readable): string {
  const chunk: unknown = stream.read();
  return Buffer.isBuffer(chunk) ? chunk.toString("utf8").slice(-4096) : "";
}

/** At once: it is in memory, and a thread would take longer to hear of it. */
function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, "utf8"));
    return pid > 0 ? pid : undefined;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/**
 * inotify, not polling: the pid file is a rename away from being complete. Throws `start-failed` when the folder is
 * gone.
 */
function watchFor(
  { folder, subject }: Pick<LaunchRequest, "folder" | "subject">,
  name: string,
): { readonly seen: Promise<void>; close(): void } {
  const watcher = watchFolder(folder, subject);
  const seen = new Promise<void>((resolve) => {
    watcher.on("change", (_type, file) => {
      if (file === name) resolve();
    });
  });
  return { seen, close: () => watcher.close() };
}

function watchFolder(folder: string, subject: string): FSWatcher {
  try {
    return watch(folder);
  } catch (cause) {
    if (!hasCode(cause, "ENOENT")) throw cause;
    const message = `${subject}: somebody removed ${folder}, which the engine needs; run: runcible stop-engine`;
    throw new RuncibleError("start-failed", message, { cause });
  }
}
