import { once } from "node:events";
import { exitOf, spawnTool } from "../../../src/internal/exec";

/**
 * A network namespace with loopback up and nothing else in it. Gone, with its links, when this process ends in whatever
 * way.
 */
export interface TestNamespace extends AsyncDisposable {
  /** For `nsenter --net=`. */
  readonly path: string;
  readonly pid: number;
}

/** `set up` are shell lines that run in it first. */
export async function openNamespace(setUp = ""): Promise<TestNamespace> {
  const script = `set -e; ip link set lo up; ${setUp} echo ready; exec cat`;
  const holder = ["--pdeathsig", "KILL", "unshare", "--net", "--", "sh", "-c", script];
  const child = spawnTool("setpriv", holder, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = exitOf(child, "setpriv");
  if (child.stdout === null || child.pid === undefined) throw new TypeError("the holder of a namespace did not start");
  await Promise.race([once(child.stdout, "data"), ended]);
  if (child.exitCode !== null) throw new TypeError(`the holder of a namespace ended with ${child.exitCode}`);
  return {
    path: `/proc/${child.pid}/ns/net`,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
