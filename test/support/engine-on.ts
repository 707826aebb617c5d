import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type EngineClient } from "../../src/client/client";
import { exitOf, run, runUnchecked, spawnTool } from "../../src/internal/exec";
import { socketPathOf } from "../../src/internal/state-folder";
import { processesOf } from "./leaks/processes";
import { waitUntil } from "./wait-until";

/** An engine on a machine of the test's own (its network namespace), used by the docker command line. */
export interface EngineOn extends AsyncDisposable {
  readonly stateFolder: string;
  readonly client: EngineClient;
  /** Throws unless it exits 0. */
  docker(...args: readonly string[]): Promise<string>;
  /** Every process of it at once, with its supervisor. */
  kill(): Promise<void>;
}

const commandLine = new URL("../../build/cli/main.js", import.meta.url).pathname;

/** Starts an engine, or the next one of a state folder; that is removed with the engine unless it was given. */
export async function startEngineOn(machine: string, given?: string): Promise<EngineOn> {
  const stateFolder = given ?? (await mkdtemp(join(tmpdir(), "runcible-on-")));
  const socketPath = socketPathOf(stateFolder, process.getuid?.() ?? 0);
  const client = createClient({ kind: "unix", path: socketPath });
  const env = { ...process.env, RUNCIBLE_STATE_DIR: stateFolder, DOCKER_HOST: "" };
  const args = ["--pdeathsig", "TERM", "nsenter", `--net=${machine}`, "--", process.execPath, commandLine, "engine"];
  const child = spawnTool("setpriv", args, { env, stdio: "ignore" });
  const ended = exitOf(child, "setpriv");
  const isUp = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new TypeError(`the engine ended with ${child.exitCode}`);
    return (await runUnchecked("docker", ["--host", `unix://${socketPath}`, "version"])).exitCode === 0;
  };
  await waitUntil(isUp, 30_000);
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    for (const { pid } of await processesOf(stateFolder)) killIfThere(pid);
    await ended;
    await waitUntil(async () => (await processesOf(stateFolder)).length === 0, 5_000);
  };
  return {
    stateFolder,
    client,
    docker: async (...words) => (await run("docker", ["--host", `unix://${socketPath}`, ...words])).stdout,
    kill,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      if (child.exitCode === null && child.signalCode === null) await once(child, "close");
      await kill();
      client.close();
      if (given === undefined) await rm(stateFolder, { recursive: true, force: true });
    },
  };
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended with the others.
  }
}
