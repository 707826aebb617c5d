import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { hasCode, isRuncibleError, RuncibleError } from "../internal/errors";
import { exitOf, spawnTool, toolMissing } from "../internal/exec";
import { nodeProgram } from "../internal/node-program";
import type { RuncibleInfo } from "../wire/session";
import type { EngineClient } from "./client";
import { canAskForCgroup } from "./delegation";
import {
  checkSocketFolder,
  closeFreshFolder,
  lastLogLines,
  openEngineLog,
  prepareEngineFolders,
} from "./engine-folder";
import { ownIdMaps } from "./id-maps";
import { engineLockedExitCode, supervisorCommand } from "./supervisor-script";
import { thawLeftovers } from "./thaw";
import { namespaceError } from "./user-namespace-trouble";

export interface LaunchRequest {
  readonly client: EngineClient;
  readonly stateFolder: string;
  readonly socketPath: string;
  readonly uid: number;
  /** Of this package: an idle engine of another one is replaced. */
  readonly version: string;
  /** The engine's program. */
  readonly program: string;
  /** Environment of the engine. */
  readonly env: NodeJS.ProcessEnv;
  /** For an engine that neither answers nor ends. Default: five minutes. */
  readonly limitMs?: number;
}

/**
 * An engine that ends is noticed at once, so this is for one that hangs, as on a disk that does not answer. Starts took
 * a minute and more on emulated processors and on machines with ten times as much to do as they can; on an idle one it
 * is a fifth of a second.
 */
const defaultLimitMs = 300_000;
/** The shortest proper-lockfile allows: after this a lock whose owner was killed is taken over. */
const staleLockMs = 2_000;
const logLinesShown = 15;

/**
 * The running engine of this state folder, started if there is none: of any number of processes that ask at once, one
 * starts it. Throws `capability-missing`, `permission-denied`, `engine-start-failed`.
 */
export async function ensureEngine(request: LaunchRequest): Promise<RuncibleInfo> {
  checkSystem();
  await closeFreshFolder(request.stateFolder, request.uid);
  await checkSocketFolder(request.socketPath, request.uid);
  const running = await usableEngine(request);
  if (running !== undefined) return running;
  await prepareEngineFolders(request, request.uid);
  const limitMs = request.limitMs ?? defaultLimitMs;
  const deadline = performance.now() + limitMs;
  for (let pauseMs = 10; performance.now() < deadline; pauseMs = Math.min(pauseMs * 2, 160)) {
    const release = await tryLock(request.stateFolder);
    if (release !== undefined) {
      try {
        const started = (await usableEngine(request)) ?? (await startEngine(request, { deadline, limitMs }));
        if (started !== undefined) return started;
      } finally {
        await release();
      }
    }
    await delay(pauseMs);
    const served = await usableEngine(request);
    if (served !== undefined) return served;
  }
  throw startFailed(request.stateFolder, noAnswer(limitMs), "");
}

function checkSystem(): void {
  if (process.platform === "linux") return;
  throw new RuncibleError(
    "capability-missing",
    `start engine: it runs on Linux only, not on ${process.platform}; set DOCKER_HOST to a daemon to use`,
  );
}

/** An engine of another version serves as well, but is replaced while it has no container and was not told to stay. */
async function usableEngine({ client, version }: LaunchRequest): Promise<RuncibleInfo | undefined> {
  const info = await answerOf(client);
  if (info === undefined || info.Version === version || info.IsStaying === true) return info;
  try {
    const containers = await client.containers.list({ all: true });
    if (containers.length > 0) return info;
    await client.system.shutdown();
  } catch (error) {
    if (!hasCode(error, "engine-unreachable")) return info;
  }
  return undefined;
}

async function answerOf(client: EngineClient): Promise<RuncibleInfo | undefined> {
  try {
    return await client.system.runcibleInfo();
  } catch (error) {
    if (hasCode(error, "engine-unreachable")) return undefined;
    throw error;
  }
}

/** Undefined while another process holds it. */
async function tryLock(stateFolder: string): Promise<(() => Promise<void>) | undefined> {
  // Loaded only when an engine must be started: importing this package has to be quick.
  const { lock } = require("proper-lockfile") as typeof import("proper-lockfile");
  try {
    const release = await lock(stateFolder, {
      lockfilePath: join(stateFolder, "launch.lock"),
      stale: staleLockMs,
      // Lost by a process that stood still too long: harmless, as the engine itself holds a kernel lock.
      onCompromised: () => {},
    });
    return () => release().catch(() => {});
  } catch (error) {
    if (hasCode(error, "ELOCKED")) return undefined;
    throw error;
  }
}

/** Undefined when another engine holds the kernel lock: it is coming up, or just going. */
async function startEngine(
  request: LaunchRequest,
  { deadline, limitMs }: { readonly deadline: number; readonly limitMs: number },
): Promise<RuncibleInfo | undefined> {
  const { client, stateFolder, program, env } = request;
  const idMaps = await ownIdMaps();
  const hasScope = await canAskForCgroup(request.uid, env);
  const { command, args } = supervisorCommand({ stateFolder, node: nodeProgram(), program, idMaps, hasScope });
  const log = await openEngineLog(stateFolder);
  const child = spawnTool(command, args, { cwd: "/", env, detached: true, stdio: ["ignore", log.fd, log.fd] });
  // Listened for before anything is awaited: flock gives up within a millisecond when another engine has the lock.
  let outcome: number | string | undefined;
  let notStarted: unknown;
  exitOf(child, command).then(
    ({ exitCode, signal }) => {
      outcome = exitCode ?? signal ?? "unknown";
    },
    (error) => {
      notStarted = error;
      outcome = String(error);
    },
  );
  child.unref();
  await log.close();

  for (let pauseMs = 2; outcome === undefined && performance.now() < deadline; pauseMs = Math.min(pauseMs * 1.5, 50)) {
    await delay(pauseMs);
    const info = await answerOf(client);
    if (info !== undefined) return info;
  }
  if (outcome === engineLockedExitCode) {
    await thawLeftovers(stateFolder);
    return undefined;
  }
  if (isRuncibleError(notStarted)) throw notStarted;
  const lines = await lastLogLines(stateFolder, log.size, logLinesShown);
  const lacking = outcome === programNotFound ? programNotFoundIn(lines) : undefined;
  if (lacking !== undefined) throw toolMissing(lacking);
  if (outcome !== undefined) {
    const refused = await namespaceError();
    if (refused !== undefined) throw refused;
  }
  const what = outcome === undefined ? noAnswer(limitMs) : `it ended (${outcome})`;
  throw startFailed(stateFolder, what, lines);
}

const programNotFound = 127;

/** Which one the supervisor's shell lacked, in the words of dash or of bash; undefined: it says of none. */
function programNotFoundIn(lines: string): string | undefined {
  return /^[^:\n]*: (?:line )?\d+: (?:exec: )?([\w.-]+): (?:command )?not found$/m.exec(lines)?.[1];
}

function noAnswer(limitMs: number): string {
  return `it does not answer after ${limitMs / 1000} s`;
}

function startFailed(stateFolder: string, what: string, lines: string): RuncibleError {
  const shown = lines === "" ? "" : `\n${lines}`;
  return new RuncibleError(
    "engine-start-failed",
    `start engine: ${what}; "runcible doctor" checks the machine, ${join(stateFolder, "engine.log")} says more${shown}`,
    { evidence: { log: lines } },
  );
}
