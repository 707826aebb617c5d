import { readFileSync } from "node:fs";
import { appendFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { deferred } from "../internal/deferred";
import { isRuncibleError, messageOf } from "../internal/errors";
import { createLogger, type Logger } from "../internal/log";
import { performByShell } from "../internal/perform";
import { explainSystemError } from "../internal/system-error";
import { createUndoStack, type UndoStack } from "../internal/undo";
import { ownUserNamespace } from "../internal/user-namespace";
import { mountRunFolder } from "../runtime/run-folder";
import { openAppArmor, unloadProfile } from "../runtime/runc/apparmor";
import { removeCgroup } from "../runtime/runc/cgroup";
import { cgroupFacts, cgroupFolders } from "../runtime/runc/cgroup-files";
import { findCgroupParent } from "../runtime/runc/cgroup-parent";
import { type EngineConfig, readEngineConfig } from "./config";
import { readEngineId } from "./engine-id";
import { createEngineServer } from "./http/server";
import { createIdleClock, type IdleClock } from "./idle-clock";
import { engineRoutes } from "./routes/engine-routes";
import { composeServices } from "./services";

/**
 * Runs an engine until it is told to end or has been idle for long; resolves to its exit code. It expects a pid and a
 * mount namespace of its own and the state folder's lock: see client/supervisor-script.ts.
 */
export async function runEngine(config: EngineConfig = readEngineConfig()): Promise<number> {
  const logger = createLogger((line) => process.stdout.write(line), config.logLevel);
  const undo = createUndoStack();
  const ended = deferred<string>();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, () => ended.resolve(signal));
  outliveDefects(logger);
  try {
    await serve(config, logger, undo, ended.resolve);
    logger.info("engine ends", { reason: await ended.promise });
    return 0;
  } catch (thrown) {
    sayLastWords(logger, explainSystemError("use the state folder", thrown));
    return 1;
  } finally {
    await undo.unwind((error) => logger.warn("end engine", { error }));
  }
}

/** The client finds its way from here: see client/engine-failure.ts. */
function sayLastWords(logger: Logger, error: unknown): void {
  logger.error(`engine cannot run: ${messageOf(error)}`, { code: isRuncibleError(error) ? error.code : "internal" });
}

/** An error that nobody caught is a defect of ours; the containers of everybody else must not die of it. */
function outliveDefects(logger: Logger): void {
  const report = (error: unknown): void =>
    logger.error("defect: an error was not handled", { stack: error instanceof Error ? error.stack : String(error) });
  process.on("uncaughtException", report);
  process.on("unhandledRejection", report);
}

async function serve(
  config: EngineConfig,
  logger: Logger,
  undo: UndoStack,
  end: (reason: string) => void,
): Promise<void> {
  const endShell = performByShell();
  undo.push(async () => endShell());
  await mkdir(config.stateFolder, { recursive: true, mode: 0o700 });
  const runFolder = join(config.stateFolder, "run");
  await mountRunFolder(runFolder);
  const engineId = await readEngineId(config.stateFolder);
  const cgroupParent = await findCgroupParent(engineId, config.delegatedCgroup);
  const appArmor = await openAppArmor(engineId, logger);
  undo.push(() => unloadProfile(appArmor));
  if (cgroupParent !== undefined) await claimCgroups(config.stateFolder, cgroupParent, undo);
  if (ownUserNamespace().hasOneId) logger.warn(onlyOneId);
  const version = packageVersion();
  let clock: IdleClock | undefined;
  // What an earlier engine left is cleared before there is a clock.
  const onActivity = (): void => clock?.touch();
  const { services, isBusy, close } = await composeServices({
    config,
    engineId,
    runFolder,
    cgroupParent,
    appArmor,
    version,
    logger,
    onActivity,
    onShutdown: () => end("shutdown asked for"),
    // As after a SIGKILL, which everything here is made for: the containers must not go on without their networks.
    onLost: () => process.exit(1),
  });
  undo.push(close);
  const server = createEngineServer({ routes: engineRoutes(services), version, logger, onActivity });
  clock = createIdleClock({
    timeoutMs: config.idleTimeoutMs,
    isBusy: () => server.openRequests > 0 || isBusy(),
    onIdle: () => end("idle"),
  });
  undo.push(async () => clock?.stop());
  await server.listen(config.socketPath, 0o600);
  undo.push(() => server.close());
  onActivity();
  logger.info("engine serves", { version, socket: config.socketPath, engine: engineId });
}

const onlyOneId =
  "this user has no range of ids in /etc/subuid and /etc/subgid: only images whose files belong to one user can be used";

/**
 * Control groups do not go with the engine's processes. They go at its end; when it is killed, through the supervisor,
 * which reads the list; and when that was killed too, at the next start.
 */
async function claimCgroups(stateFolder: string, cgroupParent: string, undo: UndoStack): Promise<void> {
  const folders = cgroupFolders(await cgroupFacts(), cgroupParent);
  const list = join(stateFolder, "run-cgroups");
  await appendFile(list, folders.map((folder) => `${folder}\n`).join(""));
  await removeCgroup(cgroupParent);
  undo.push(async () => {
    await removeCgroup(cgroupParent);
    await rm(list, { force: true });
  });
}

function packageVersion(): string {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(join(__dirname, "..", "..", "package.json"), "utf8"),
  );
  return manifest.version;
}

if (require.main === module) {
  runEngine().then(
    (exitCode) => process.exit(exitCode),
    (error: unknown) => {
      sayLastWords(
        createLogger((line) => process.stdout.write(line)),
        error,
      );
      process.exit(1);
    },
  );
}
