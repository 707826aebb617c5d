import { hasCode, messageOf, RuncibleError } from "../../internal/errors";
import { type ContainerRun, startContainer as startRun } from "../../runtime/container";
import { layerFolders } from "../../runtime/layer-folders";
import { portAllocated, removalInProgress } from "../../wire/docker-errors";
import { type Admission, seconds } from "../memory/memory-queue";
import { startReaper } from "../reaper/start-reaper";
import { timestampNow } from "../state/timestamp";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { startHealth } from "./health";
import { claimFor } from "./memory-claims";
import { keepOutput } from "./output";
import { publishContainerEvent, publishNetworkEvents, publishVolumeEvents } from "./publish";
import { removeContainer } from "./remove";
import { runRequestOf } from "./run-request";
import { endRunOf, superviseRun } from "./supervise";

/** `ContainerService.start`. */
export async function startContainer(context: ContainerContext, container: Container): Promise<void> {
  if (container.restartPause !== undefined) {
    // Between two tries of a restart policy: the next one comes now.
    container.restartPause.abort();
    return;
  }
  const admission = await untilMemoryIsFree(context, container);
  try {
    await container.lock.run(async () => {
      if (container.isRemoving) throw removalInProgress(container.id);
      if (container.record.state.status === "paused") {
        throw new RuncibleError("container-state", "cannot start a paused container, try unpause instead");
      }
      if (container.isRunning) throw new RuncibleError("not-modified", `container ${container.id} runs already`);
      throwIfStoppedWhileWaiting(container);
      container.isStopWanted = false;
      if (container.record.restartCount !== 0) await container.note({ restartCount: 0 });
      await startLocked(context, container);
    });
  } catch (error) {
    await removeUnstarted(context, container);
    throw error;
  } finally {
    admission?.settle();
  }
}

/** Before the container's lock is taken: who waits can be removed, and told to stop. */
export async function untilMemoryIsFree(
  context: ContainerContext,
  container: Container,
): Promise<Admission | undefined> {
  if (context.memory === undefined || container.isRunning) return undefined;
  container.isStopWanted = false;
  const admission = await context.memory.admit(claimFor(container));
  container.memoryWaitMs = admission.waitedMs;
  return admission;
}

export function throwIfStoppedWhileWaiting({ id, memoryWaitMs, isStopWanted }: Container): void {
  if (memoryWaitMs === 0 || !isStopWanted) return;
  throw new RuncibleError("container-state", `start container ${id}: it was stopped while it waited for memory`);
}

/** Before the failure is answered: `docker run --rm` waits for the removal no longer than for that answer. */
async function removeUnstarted(context: ContainerContext, container: Container): Promise<void> {
  const { spec, state } = container.record;
  if (!spec.autoRemove || state.status !== "created" || container.isRemoving) return;
  try {
    await removeContainer(context, container, { force: true, volumes: true });
  } catch (error) {
    context.logger.warn("remove container after a failed start", { container: container.id, error });
  }
}

/** The caller holds the container's lock. */
export async function startLocked(context: ContainerContext, container: Container): Promise<void> {
  // Before the process exists, so that no log line is older than the start (clients ask for logs since then).
  const startedAt = timestampNow();
  const run = await startedRun(context, container);
  container.run = run;
  // Before anything is awaited: whatever fails from here on, the run is followed to its end.
  superviseRun(context, container, { run, drained: keepOutput(context, container, run), startAgain: startLocked });
  await container.changeState({ status: "running", exitCode: 0, error: "", isOutOfMemory: false, startedAt });
  publishStart(context, container);
  startHealth(context, container, run);
  context.onActivity();
}

async function startedRun(context: ContainerContext, container: Container): Promise<ContainerRun> {
  try {
    const layers = await layerFolders(context.runtime, container.record.diffIds);
    const rootReady = remountRootfs(context, container, layers);
    rootReady.catch(() => {});
    const request = await runRequestOf(context, container);
    container.log.beginRun();
    return container.record.standIn === "reaper"
      ? await startReaper(context, container, request)
      : await startRun(context.runtime, { ...request, rootReady });
  } catch (error) {
    throw await failedStart(context, container, error);
  }
}

function publishStart(context: ContainerContext, container: Container): void {
  publishNetworkEvents(context, container, "connect");
  publishVolumeEvents(context, container, "mount");
  publishContainerEvent(context, container, "start");
}

/**
 * Its creation may be mounting it yet; the root of a container that an earlier engine made is not mounted in this one.
 */
async function remountRootfs(
  context: ContainerContext,
  container: Container,
  layers: readonly string[],
): Promise<void> {
  await context.runtime.rootfs.mount({ layers, folder: container.folder });
}

/** Leaves the container as Docker does after a failed start, and ends what waits for its exit or output. */
async function failedStart(context: ContainerContext, container: Container, error: unknown): Promise<unknown> {
  const shown = withWait(container, dockerError(container, error));
  const exitCode = exitCodeOf(error);
  const status = container.record.state.startedAt === undefined ? "created" : "exited";
  await container.changeState({ status, exitCode, error: messageOf(shown) });
  await endRunOf(context, container, { exitCode });
  return shown;
}

function dockerError(container: Container, error: unknown): unknown {
  if (!(error instanceof RuncibleError)) return error;
  const { code, evidence } = error;
  if (code === "port-in-use") {
    return portAllocated(container.name, container.id, String(evidence["hostIp"]), Number(evidence["hostPort"]));
  }
  if (code === "executable-not-found" || code === "executable-not-permitted" || code === "start-failed") {
    // The kind decides the status; the text is what the docker CLI takes its exit code from.
    const runc = error.message.replace("runc run failed", "runc create failed");
    const text = `failed to create task for container: failed to create shim task: OCI runtime create failed: ${runc}: unknown`;
    return new RuncibleError(code === "start-failed" ? "invalid-argument" : code, text, { cause: error, evidence });
  }
  return error;
}

/** Clients that look at nothing else see it in the text. */
function withWait({ memoryWaitMs }: Container, error: unknown): unknown {
  if (memoryWaitMs === 0 || !(error instanceof RuncibleError)) return error;
  const { code, evidence, message } = error;
  const text = `${message} (it waited ${seconds(memoryWaitMs)} s for memory)`;
  return new RuncibleError(code, text, { cause: error, evidence });
}

function exitCodeOf(error: unknown): number {
  if (hasCode(error, "executable-not-found")) return 127;
  if (hasCode(error, "executable-not-permitted")) return 126;
  return 128;
}
