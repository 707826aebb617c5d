import { type FSWatcher, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import type { RuncExit } from "./launch";

/** The end of a process as runc's debug log tells it. */
export interface ExitLog {
  readonly exited: Promise<RuncExit>;
  close(): void;
}

/**
 * runc in the foreground copies a process's output, and does not end before that does: a process left in the background
 * keeps it for as long as it lives. Its log has the exit code at once, as `process exited` with pid and status. A runc
 * that words it otherwise is waited for as before.
 */
export function watchExitLog(path: string, pid: number): ExitLog {
  const watcher = tryWatch(path);
  const exited = new Promise<RuncExit>((resolve) => {
    const look = async (): Promise<void> => {
      const exitCode = exitCodeIn(await readFile(path, "utf8").catch(() => ""), pid);
      if (exitCode !== undefined) resolve({ exitCode });
    };
    watcher?.on("change", () => void look());
    // It may have been written before anybody watched.
    void look();
  });
  return { exited, close: () => watcher?.close() };
}

/** Undefined where the user's inotify instances are used up: then runc's own end is all there is to wait for. */
function tryWatch(path: string): FSWatcher | undefined {
  try {
    return watch(path);
  } catch {
    return undefined;
  }
}

/** Pure. One JSON object per line, the last of which may be half written. */
export function exitCodeIn(log: string, pid: number): number | undefined {
  for (const line of log.split("\n")) {
    if (!line.includes('"process exited"')) continue;
    const entry = parsed(line);
    if (entry?.pid === pid && typeof entry.status === "number") return entry.status;
  }
  return undefined;
}

function parsed(line: string): { readonly pid?: unknown; readonly status?: unknown } | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
