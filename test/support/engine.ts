import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type EngineClient } from "../../src/client/client";
import { removeStateFolder } from "../../src/client/remove-state";
import { hasCode } from "../../src/internal/errors";
import { killIfThere } from "../../src/internal/kill-if-there";
import { socketPathOf } from "../../src/internal/state-folder";
import { processesOf } from "./leaks/processes";
import { waitUntil } from "./wait-until";

/** An engine that every client of this process and its children finds. */
export interface SharedEngine extends AsyncDisposable {
  readonly stateFolder: string;
  /** Speaks to the engine; starts none. */
  readonly client: EngineClient;
}

/** An engine of its own for one test file, with a fresh state folder. */
export interface TestEngine extends SharedEngine {
  /** Environment for child processes that are to use this engine. */
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Starts nothing: the first use does. Disposing it ends the engine and removes the folder, which is made in `parent`;
 * by default where temporary files go.
 */
export async function useTestEngine(
  settings: Readonly<Record<string, string>> = {},
  parent: string = tmpdir(),
): Promise<TestEngine> {
  const stateFolder = await mkdtemp(join(parent, "runcible-test-"));
  const ownSettings = { ...settings, RUNCIBLE_STATE_DIR: stateFolder };
  const restoreEnv = setEnv(ownSettings);
  const client = createClient({ kind: "unix", path: socketPathOf(stateFolder, process.getuid?.() ?? 0) });
  return {
    stateFolder,
    env: { ...process.env },
    client,
    async [Symbol.asyncDispose]() {
      restoreEnv();
      await endEngine(client, stateFolder);
      client.close();
      await removeStateFolder(stateFolder);
    },
  };
}

/** The engine of Vitest's global setup; it outlives what is returned. */
export function useEngineOfSuite(settings: Readonly<Record<string, string>> = {}): SharedEngine {
  const stateFolder = process.env["RUNCIBLE_STATE_DIR"];
  if (stateFolder === undefined) throw new TypeError("this project has no global setup that starts an engine");
  const restoreEnv = setEnv(settings);
  const client = createClient({ kind: "unix", path: socketPathOf(stateFolder, process.getuid?.() ?? 0) });
  return {
    stateFolder,
    client,
    async [Symbol.asyncDispose]() {
      restoreEnv();
      client.close();
    },
  };
}

/** Returns what sets the environment back. */
function setEnv(settings: Readonly<Record<string, string>>): () => void {
  const before = Object.keys(settings).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, settings);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

async function endEngine(client: EngineClient, stateFolder: string): Promise<void> {
  let isInUse = false;
  try {
    await client.system.shutdown();
  } catch (error) {
    isInUse = hasCode(error, "container-state");
    if (!hasCode(error, "engine-unreachable") && !isInUse) throw error;
  }
  // An engine in use refuses to leave; killing its processes is what it is built to survive.
  const isGone = async (): Promise<boolean> => (await processesOf(stateFolder)).length === 0;
  if (await waitUntil(isGone, isInUse ? 3_000 : 15_000)) return;
  // One may start another between two looks.
  await waitUntil(async () => {
    for (const { pid } of await processesOf(stateFolder)) killIfThere(pid, "SIGKILL");
    return await isGone();
  }, 30_000);
}
