import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { RuncibleError } from "../internal/errors";
import { exitOf, spawnTool } from "../internal/exec";
import { nodeProgram } from "../internal/node-program";
import { socketPathOf, stateFolderOf } from "../internal/state-folder";
import { createClient, type EngineClient } from "./client";
import { canAskForCgroup } from "./delegation";
import { engineEnvironment } from "./engine-environment";
import { prepareEngineFolders } from "./engine-folder";
import { ownIdMaps } from "./id-maps";
import { engineLockedExitCode, supervisorCommand } from "./supervisor-script";

/**
 * Runs an engine whose log goes to this process's output, until the signal aborts. It stays when idle, unless
 * RUNCIBLE_IDLE_SECONDS is set. Resolves with its exit code; throws `engine-start-failed` when one runs already.
 */
export async function runEngineInForeground(
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<number> {
  const uid = process.getuid?.() ?? -1;
  const stateFolder = stateFolderOf(env, uid);
  const socketPath = socketPathOf(stateFolder, uid);
  await prepareEngineFolders({ stateFolder, socketPath }, uid);
  const program = join(__dirname, "..", "engine", "main.js");
  const idMaps = await ownIdMaps();
  const hasScope = await canAskForCgroup(uid, env);
  const { command, args } = supervisorCommand({ stateFolder, node: nodeProgram(), program, idMaps, hasScope });
  const client = createClient({ kind: "unix", path: socketPath });
  // A group of its own: Ctrl-C is for us, and the supervisor must outlive the engine.
  const child = spawnTool(command, args, {
    cwd: "/",
    env: engineEnvironment({ RUNCIBLE_IDLE_SECONDS: "0", ...env }, { stateFolder, socketPath }),
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const ended = exitOf(child, command);
  const end = (): void => void askToEnd(client, ended);
  signal.addEventListener("abort", end, { once: true });
  try {
    const { exitCode } = await ended;
    if (exitCode !== engineLockedExitCode) return exitCode ?? 1;
  } finally {
    signal.removeEventListener("abort", end);
    client.close();
  }
  throw new RuncibleError("engine-start-failed", `start engine: one of ${stateFolder} runs already; stop it first`);
}

const askAgainMs = 50;

/** It may still be coming up, and answers only then. */
async function askToEnd(client: EngineClient, ended: Promise<unknown>): Promise<void> {
  let hasEnded = false;
  const noteEnd = (): void => {
    hasEnded = true;
  };
  ended.then(noteEnd, noteEnd);
  while (!hasEnded) {
    try {
      return await client.system.shutdown();
    } catch {
      await delay(askAgainMs);
    }
  }
}
