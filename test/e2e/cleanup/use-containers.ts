import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const fixture = join(__dirname, "../../fixtures/use-containers.cjs");

export interface TestProcess {
  readonly child: ChildProcess;
  /** The container runs, and what it was told to do begins. */
  readonly ready: Promise<void>;
  readonly ended: Promise<unknown>;
}

/** A process that uses a container, a network, a volume, an exec and a log follow, and ends in the way of `end`. */
export function useContainers(
  env: NodeJS.ProcessEnv,
  image: string,
  end: "stop" | "exit" | "throw" | "hang",
): TestProcess {
  const child = spawn(process.execPath, [fixture, image, end], { env, stdio: ["ignore", "pipe", "ignore"] });
  const ended = once(child, "exit");
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      if (String(chunk).includes("ready")) resolve();
    });
    ended.then(() => reject(new TypeError("the test process ended before its container was ready")));
  });
  ready.catch(() => {});
  return { child, ready, ended };
}
