import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { type Deferred, deferred } from "./deferred";
import { RuncibleError } from "./errors";
import { exitOf, spawnTool } from "./exec";
import { shellQuote } from "./shell-quote";

/** A program that hangs must not hang us. */
const defaultTimeoutMs = 60_000;

/** A small resident shell that starts programs on behalf of a large process. */
export interface ToolShell {
  /** Resolves with the exit code and the first 2000 bytes of what was said. Rejects when the shell has gone. */
  run(command: string, args: readonly string[], options?: ToolShellOptions): Promise<ToolResult>;
  /** Idempotent. */
  close(): void;
}

export interface ToolShellOptions {
  readonly input?: string;
  readonly cwd?: string;
  /** Variables that the program gets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds until nobody waits for it any more. Default: 60 000. */
  readonly timeoutMs?: number;
}

export interface ToolResult {
  readonly exitCode: number;
  readonly output: string;
}

/** Reported in place of an exit code, which ends at 255. */
const noProcess = 256;

/**
 * `r` runs one program and reports on descriptor 3: number, exit code and output, ended by a NUL. Each request runs in
 * a process of its own that nobody waits for, so that they overlap and leave no jobs behind. A shell that cannot fork
 * ends right there; its trap tells, also that of the one between, which has nothing to tell once its child runs.
 */
const prelude = `
told() {
  id=$1
  trap 'printf "%s ${noProcess} \\0" "$id" >&3' EXIT
}
r() {
  told "$1"
  input=$2
  if ! cd "$3" 2>/dev/null; then
    printf '%s 1 %s\\0' "$id" "$3: there is no such folder" >&3
    trap - EXIT
    return
  fi
  shift 3
  if [ -n "$input" ]; then out=$(printf '%s' "$input" | "$@" 2>&1 3>&-); else out=$("$@" 2>&1 </dev/null 3>&-); fi
  printf '%s %s %.2000s\\0' "$id" "$?" "$out" >&3
  trap - EXIT
}
`;

export function startToolShell(): ToolShell {
  const child = spawnTool("/bin/sh", ["-s"], { stdio: ["pipe", "ignore", "ignore", "pipe"], cwd: "/" });
  const waiting = new Map<number, Deferred<ToolResult>>();
  let lastId = 0;
  let gone: RuncibleError | undefined;
  const fail = (cause?: unknown): void => {
    gone = new RuncibleError("command-failed", "run programs: the shell that starts them has ended", { cause });
    for (const { reject } of waiting.values()) reject(gone);
    waiting.clear();
  };
  exitOf(child, "/bin/sh").then(() => fail(), fail);
  readReports(child, (id, result) => {
    if (result.exitCode === noProcess) waiting.get(id)?.reject(noMoreProcesses());
    else waiting.get(id)?.resolve(result);
    waiting.delete(id);
  });
  const { stdin } = child;
  stdin?.on("error", () => {});
  stdin?.write(prelude);
  return {
    run: async (command, args, { input = "", cwd = "/", env = {}, timeoutMs = defaultTimeoutMs } = {}) => {
      if (gone !== undefined) throw gone;
      const id = ++lastId;
      const done = deferred<ToolResult>();
      waiting.set(id, done);
      const words = [String(id), input, cwd, command, ...args].map(shellQuote).join(" ");
      const timer = setTimeout(() => {
        waiting.delete(id);
        done.reject(new RuncibleError("timeout", `run ${command}: it did not end within ${timeoutMs / 1000} s`));
      }, timeoutMs);
      const exports = Object.entries(env).map(([name, value]) => `export ${name}=${shellQuote(value)};`);
      stdin?.write(`( told ${id}; ${exports.join(" ")} r ${words} & trap - EXIT )\n`);
      try {
        return await done.promise;
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => stdin?.end(),
  };
}

function noMoreProcesses(): RuncibleError {
  return new RuncibleError("resources-exhausted", "run programs: no more processes are allowed; raise the limit");
}

function readReports(child: ChildProcess, report: (id: number, result: ToolResult) => void): void {
  let rest = "";
  const pipe = child.stdio[3] as Readable | undefined;
  pipe?.setEncoding("utf8");
  pipe?.on("data", (chunk: string) => {
    const reports = (rest + chunk).split("\0");
    rest = reports.pop() ?? "";
    for (const text of reports) {
      const [, id, exitCode, output = ""] = /^(\d+) (\d+) (.*)$/s.exec(text) ?? [];
      report(Number(id), { exitCode: Number(exitCode), output });
    }
  });
  pipe?.on("error", () => {});
}
