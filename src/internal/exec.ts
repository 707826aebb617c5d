import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { installCommand } from "./debian-packages";
import { hasCode, RuncibleError } from "./errors";
import { explainSystemError } from "./system-error";

export interface RunOptions {
  /** Written to standard input, which is then closed. Default: no standard input. */
  readonly input?: string | Buffer;
  readonly cwd?: string;
  /** Replaces the environment. Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Milliseconds until SIGKILL. Default: 60 000. */
  readonly timeoutMs?: number;
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

const outputLimit = 16 * 1024 * 1024;
const evidenceLimit = 64 * 1024;

/**
 * Runs a program to its end. Throws `command-failed` with its evidence unless it exits 0, `timeout` if it had to be
 * killed for its time, `tool-missing` if it is not installed.
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const result = await runUnchecked(command, args, options);
  if (result.exitCode !== 0) throw commandFailed(command, args, result);
  return result;
}

/** As `run`, but an exit code other than 0 is a result, not an error. */
export async function runUnchecked(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const { timeoutMs = 60_000 } = options;
  const child = spawnTool(command, args, {
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  if (options.input !== undefined) {
    // A program that ends before it read its input is judged by its exit code, not by our EPIPE.
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input);
  }
  const { exitCode, signal } = await exitOf(child, command, options.cwd);
  const result = { stdout: stdout(), stderr: stderr(), exitCode: exitCode ?? 128 };
  if (exitCode === null) {
    // Nobody but the timer kills it: a signal that was given ends with an error of its own.
    const code = child.killed ? "timeout" : "command-failed";
    const how = child.killed ? `it did not end within ${timeoutMs / 1000} s` : `ended by ${signal}`;
    throw new RuncibleError(code, `run ${command}: ${how}${lastLine(result.stderr)}`, {
      evidence: { command: [command, ...args], signal, stderr: result.stderr.slice(-evidenceLimit) },
    });
  }
  return result;
}

/** Starts a program whose streams and life the caller owns. Of one that could not be started, pipes are null. */
export function spawnTool(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(command, [...args], options);
  // Out of file descriptors, Node leaves them undefined, which its types do not say, and tells the reason a moment
  // later.
  child.stdin ??= null;
  child.stdout ??= null;
  child.stderr ??= null;
  if (child.stdio === undefined) Object.assign(child, { stdio: [null, null, null] });
  return child;
}

/**
 * Resolves when the process has ended and its pipes are closed. Rejects with `spawnFailed` if it could not be started.
 * `cwd`: where it was to start, if that was said.
 */
export function exitOf(
  child: ChildProcess,
  command: string,
  cwd?: string,
): Promise<{ exitCode: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.once("error", (error) => reject(spawnFailed(command, error, cwd)));
    child.once("close", (exitCode, signal) => resolve({ exitCode, signal }));
  });
}

/** `tool-missing`, with the command that installs the program. */
export function toolMissing(program: string, cause?: unknown): RuncibleError {
  const command = installCommand(program);
  const remedy = command === undefined ? '"runcible doctor" checks the machine' : `run: ${command}`;
  const message = `run ${program}: it is not installed, or not for this user; ${remedy}`;
  return new RuncibleError("tool-missing", message, { cause });
}

/** `command-failed`, or `tool-missing` when it was to run another program, which is not there. */
export function commandFailed(command: string, args: readonly string[], result: RunResult): RuncibleError {
  const { exitCode } = result;
  const program = args[args.indexOf("--") + 1];
  if (program !== undefined && isMissingBehind(command, program, result)) return toolMissing(program);
  const stderr = result.stderr.slice(-evidenceLimit);
  return new RuncibleError("command-failed", `run ${command}: exit code ${exitCode}${lastLine(stderr)}`, {
    evidence: { command: [command, ...args], exitCode, stderr },
  });
}

const programNotFound = 127;

/** Programs that run another one say so themselves, in words of the user's language. */
export function isMissingBehind(command: string, program: string, { exitCode, stderr }: RunResult): boolean {
  if (exitCode !== programNotFound || !["env", "nsenter", "unshare"].includes(command)) return false;
  const line = stderr.trim().split("\n").at(-1) ?? "";
  return line.startsWith(`${command}: `) && line.includes(program);
}

/**
 * Why a program could not be started: `tool-missing`, `resources-exhausted`, `aborted`, else `command-failed`. `cwd`:
 * where it was to start, if that was said.
 */
export function spawnFailed(command: string, error: Error, cwd?: string): RuncibleError {
  // The kernel says the same of a missing folder as of a missing program.
  if (hasCode(error, "ENOENT") && cwd !== undefined && !existsSync(cwd)) {
    return new RuncibleError("command-failed", `run ${command}: there is no folder ${cwd}`, { cause: error });
  }
  // EACCES: a folder of the search path may not be looked into, and no other has the program.
  if (hasCode(error, "ENOENT") || (hasCode(error, "EACCES") && !command.includes("/"))) {
    return toolMissing(command, error);
  }
  const explained = explainSystemError(`run ${command}`, error);
  if (explained instanceof RuncibleError) return explained;
  if (error.name === "AbortError") return new RuncibleError("aborted", `run ${command}: cancelled`, { cause: error });
  return new RuncibleError("command-failed", `run ${command}: ${error.message}`, { cause: error });
}

/** Where mount(8) sends its reader, after the line that tells the reason. */
const advice = /^\s*dmesg\(1\) may have more information/;

function lastLine(text: string): string {
  const lines = text.trimEnd().split("\n");
  const line = lines.filter((one) => !advice.test(one)).at(-1);
  return line ? `: ${line}` : "";
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= outputLimit) chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString("utf8");
}
