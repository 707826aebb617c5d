import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { LABEL_TESTCONTAINERS_CONTAINER_HASH } from "../../../src/api/labels";
import { run } from "../../../src/internal/exec";
import type { EngineOfFile } from "../../support/engine-of-file";

export interface Shared {
  readonly id: string;
  /** Whether this process made it. */
  readonly isMaker: boolean;
}

export interface Worker {
  /** A container with this content copied in. */
  ask(content: string): Promise<Shared>;
  kill(): Promise<void>;
}

/** A process that keeps what it has asked for until it is killed. */
export function startWorker(image: string): Worker {
  const child: ChildProcess = spawn(process.execPath, [join(__dirname, "../../fixtures/reuse-rounds.cjs"), image], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const answers = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
  return {
    ask: async (content) => {
      const answer = once(answers, "line");
      child.stdin?.write(`${content}\n`);
      return JSON.parse(String((await answer)[0])) as Shared;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Ids of the reusable containers, newest first. */
export async function reusableOn({ client }: Pick<EngineOfFile, "client">): Promise<readonly string[]> {
  const filters = new Map([["label", [LABEL_TESTCONTAINERS_CONTAINER_HASH]]]);
  return (await client.containers.list({ all: true, filters })).map(({ Id }) => Id);
}

/** `runcible prune`; the short ids that it names. */
export async function prune(): Promise<readonly string[]> {
  const { stdout } = await run(process.execPath, [join(__dirname, "../../../build/cli/main.js"), "prune"]);
  return stdout.split("\n").slice(0, -1);
}
