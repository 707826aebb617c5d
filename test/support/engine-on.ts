import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeStateFolder } from "../../src/client/remove-state";
import { exitOf, runUnchecked, spawnTool } from "../../src/internal/exec";
import { killIfThere } from "../../src/internal/kill-if-there";
import { socketPathOf } from "../../src/internal/state-folder";
import { processesOf } from "./leaks/processes";
import { waitUntil } from "./wait-until";

/** An engine on a machine of the test's own (its network namespace), used by the docker command line. */
export interface EngineOn extends AsyncDisposable {
  /** Throws unless it exits 0. */
  docker(...args: readonly string[]): Promise<string>;
  /** Every process of it at once, with its supervisor. */
  kill(): Promise<void>;
}

const commandLine = new URL("../../build/cli/main.js", import.meta.url).pathname;

/**
 * Starts an engine, or the next one of a state folder; that is removed with the engine unless it was given. `machine`:
 * path of a network namespace, which only root may enter. Default: that of this process.
 */
export async function startEngineOn(machine?: string, given?: string): Promise<EngineOn> {
  const stateFolder = given ?? (await mkdtemp(join(tmpdir(), "runcible-on-")));
  const socketPath = socketPathOf(stateFolder, process.getuid?.() ?? 0);
  const env = { ...process.env, RUNCIBLE_STATE_DIR: stateFolder, DOCKER_HOST: "" };
  const there = machine === undefined ? [] : ["nsenter", `--net=${machine}`, "--"];
  const args = ["--pdeathsig", "TERM", ...there, process.execPath, commandLine, "engine"];
  const child = spawnTool("setpriv", args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => output.push(String(chunk)));
  const ended = exitOf(child, "setpriv");
  const docker = (words: readonly string[]) => runUnchecked("docker", ["--host", `unix://${socketPath}`, ...words]);
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    for (const { pid } of await processesOf(stateFolder)) killIfThere(pid, "SIGKILL");
    await ended;
    await waitUntil(async () => (await processesOf(stateFolder)).length === 0, 30_000);
  };
  const end = async (): Promise<void> => {
    child.kill("SIGTERM");
    await waitUntil(async () => child.exitCode !== null || child.signalCode !== null, 30_000);
    await kill();
    if (given === undefined) await removeStateFolder(stateFolder);
  };
  const isUpOrGone = async (): Promise<boolean> =>
    child.exitCode !== null || (await docker(["version"])).exitCode === 0;
  if (!(await waitUntil(isUpOrGone, 30_000)) || child.exitCode !== null) {
    await end();
    throw new TypeError(`the engine did not come up: ${output.join("")}`);
  }
  return {
    docker: async (...words) => {
      const result = await docker(words);
      if (result.exitCode === 0) return result.stdout;
      throw new TypeError(`docker ${words.join(" ")}: exit code ${result.exitCode}: ${result.stderr}`);
    },
    kill,
    [Symbol.asyncDispose]: end,
  };
}
