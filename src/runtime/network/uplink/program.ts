import type { ChildProcess } from "node:child_process";
import { RuncibleError } from "../../../internal/errors";
import { exitOf, spawnTool } from "../../../internal/exec";
import type { RunningPart } from "./keep-running";

/** A program that speaks for the switch, in the foreground. */
export interface UplinkProgram extends RunningPart {
  readonly child: ChildProcess;
  /**
   * Throws what the program says when it ends before `ready` resolves, `tool-missing` when there is none, `timeout`; it
   * has ended then.
   */
  untilReady(ready: Promise<void>): Promise<void>;
}

const readyLimitMs = 10_000;

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
  let isClosing = false;
  const close = async (): Promise<void> => {
    isClosing = true;
    child.kill("SIGKILL");
    await ended.catch(() => {});
  };
  const lost = new Promise<string>((resolve) => {
    ended.then(
      (how) => {
        if (!isClosing) resolve(how);
      },
      () => {},
    );
  });
  return {
    child,
    lost,
    close,
    untilReady: async (ready) => {
      try {
        await firstOf(command, ready, ended);
      } catch (error) {
        await close();
        throw error;
      }
    },
  };
}

async function firstOf(command: string, ready: Promise<void>, ended: Promise<string>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new RuncibleError("timeout", `start ${command}: it is not ready after ${readyLimitMs / 1000} s`));
    }, readyLimitMs);
  });
  const endedEarly = ended.then((how) => {
    throw new RuncibleError("command-failed", `start ${command}: it ended with ${how}`);
  });
  try {
    await Promise.race([ready, endedEarly, late]);
  } finally {
    clearTimeout(timer);
  }
}
