import type { ChildProcess } from "node:child_process";
import { RuncibleError } from "../../../internal/errors";
import { exitOf, spawnTool } from "../../../internal/exec";

/** A program that speaks for the switch, in the foreground. */
export interface UplinkProgram {
  readonly child: ChildProcess;
  /** Resolves when it has ended, with its last words. */
  readonly ended: Promise<string>;
  /** Ends it and waits for it. Idempotent. */
  close(): Promise<void>;
}

export function startUplinkProgram(command: string, args: readonly string[]): UplinkProgram {
  // The fourth is for those that tell there that they are ready.
  const child = spawnTool(command, args, { stdio: ["ignore", "ignore", "pipe", "pipe"] });
  let words = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    if (words.length < 4096) words += chunk.toString("utf8");
  });
  const exit = exitOf(child, command);
  const ended = exit.then(({ exitCode, signal }) => `exit code ${exitCode ?? signal}: ${words.trim()}`);
  ended.catch(() => {});
  return {
    child,
    ended,
    close: async () => {
      child.kill("SIGKILL");
      await ended.catch(() => {});
    },
  };
}

const readyLimitMs = 10_000;

/** Throws what the program says when it ends instead of being ready, `tool-missing` when there is none, `timeout`. */
export async function untilReady(command: string, program: UplinkProgram, ready: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new RuncibleError("timeout", `start ${command}: it is not ready after ${readyLimitMs / 1000} s`));
    }, readyLimitMs);
  });
  const ended = program.ended.then((how) => {
    throw new RuncibleError("command-failed", `start ${command}: it ended with ${how}`);
  });
  try {
    await Promise.race([ready, ended, late]);
  } catch (error) {
    await program.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
