import { setTimeout as delay } from "node:timers/promises";
import { deferred } from "../../internal/deferred";
import type { ContainerRun, RunOutcome } from "../../runtime/container";
import { nextRestartDelay } from "../../runtime/process/restart-policy";
import type { LastState } from "../state/container-record";
import { timestampNow } from "../state/timestamp";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { publishContainerEvent, publishNetworkEvents, publishVolumeEvents } from "./publish";
import { removeContainer } from "./remove";

export interface SupervisedRun {
  readonly run: ContainerRun;
  /** All output has been stored and handed on. */
  readonly drained: Promise<void>;
  /** For restart policies; called with the container's lock held. */
  startAgain(context: ContainerContext, container: Container): Promise<void>;
}

/** Follows a run to its end, then does what the container's settings say: restart, remove, or rest. Never throws. */
export function superviseRun(context: ContainerContext, container: Container, supervised: SupervisedRun): void {
  const follow = async (): Promise<void> => {
    const { run, drained } = supervised;
    container.endWaitsFor = "runc to tell of it";
    await run.process.exited.catch(() => {});
    container.endWaitsFor = "its ports, network and cgroup to be released";
    const outcome = await run.exited;
    container.endWaitsFor = "the rest of its output to be stored";
    await drained;
    container.endWaitsFor = "another change of the container";
    let isRestartWanted = false;
    container.isBetweenRuns = true;
    let delayMs: number | undefined;
    try {
      delayMs = await container.lock.run(async () => {
        isRestartWanted = container.isRestartWanted;
        await settle(context, container, outcome);
        return await planRestart(container, outcome);
      });
      if (delayMs !== undefined) await restart(context, container, delayMs, supervised.startAgain);
    } finally {
      container.isBetweenRuns = false;
    }
    if (delayMs !== undefined) return;
    if (container.record.spec.autoRemove && !container.isRemoving && !isRestartWanted) {
      await removeContainer(context, container, { force: true, volumes: true });
    }
  };
  follow().catch((error: unknown) =>
    context.logger.error("follow container to its end", { container: container.id, error }),
  );
}

async function settle(context: ContainerContext, container: Container, outcome: RunOutcome): Promise<void> {
  const { exitCode, isOutOfMemory } = outcome;
  container.endWaitsFor = "its log and record to be written";
  // Whoever sees that it has ended reads the whole log.
  await written(context, container, container.log.flush());
  container.health?.stop();
  container.run = undefined;
  container.health = undefined;
  await container.changeState({ status: "exited", exitCode, isOutOfMemory, finishedAt: timestampNow() });
  publishEnd(context, container, outcome);
  await endRunOf(context, container, { exitCode });
  context.onActivity();
}

/** Lets go whoever waits for the end of a run or of its output. */
export async function endRunOf(
  context: ContainerContext,
  container: Container,
  outcome: { readonly exitCode: number },
): Promise<void> {
  await written(context, container, container.log.endRun());
  container.output.end();
  container.output = container.newOutput();
  container.nextExit.resolve(outcome);
  container.nextExit = deferred();
}

/** A full disk costs lines, not the end of the container. */
async function written(context: ContainerContext, container: Container, writing: Promise<void>): Promise<void> {
  await writing.catch((error: unknown) => context.logger.warn("write log", { container: container.id, error }));
}

function publishEnd(context: ContainerContext, container: Container, { exitCode, isOutOfMemory }: RunOutcome): void {
  if (isOutOfMemory) publishContainerEvent(context, container, "oom");
  const seconds = secondsOfRun(container.record.state);
  publishContainerEvent(context, container, "die", { execDuration: String(seconds), exitCode: String(exitCode) });
  publishNetworkEvents(context, container, "disconnect");
  publishVolumeEvents(context, container, "unmount");
}

function secondsOfRun({ startedAt, finishedAt }: LastState): number {
  if (startedAt === undefined || finishedAt === undefined) return 0;
  return Math.max(0, Math.floor((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000));
}

/** Milliseconds until the restart policy starts it again; undefined: it stays down. */
async function planRestart(container: Container, { exitCode }: RunOutcome): Promise<number | undefined> {
  const { spec, restartCount, state } = container.record;
  const delayMs = nextRestartDelay({
    policy: spec.restartPolicy,
    exitCode,
    restartCount,
    isStopWanted: container.isStopWanted || container.isRemoving,
    ranMs: Date.parse(state.finishedAt ?? "") - Date.parse(state.startedAt ?? ""),
  });
  if (delayMs === undefined) return undefined;
  container.restartPause = new AbortController();
  await container.changeState({ status: "restarting" });
  return delayMs;
}

/** The pause ends early when someone starts, stops or removes the container. */
async function restart(
  context: ContainerContext,
  container: Container,
  delayMs: number,
  startAgain: SupervisedRun["startAgain"],
): Promise<void> {
  await delay(delayMs, undefined, { signal: container.restartPause?.signal }).catch(() => {});
  await container.lock.run(async () => {
    container.restartPause = undefined;
    if (container.isRemoving || container.isRunning) return;
    if (container.isStopWanted) {
      await container.changeState({ status: "exited" });
      return;
    }
    await container.note({ restartCount: container.record.restartCount + 1 });
    await startAgain(context, container);
  });
}
