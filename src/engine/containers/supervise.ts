import { deferred } from "../../internal/deferred";
import type { ContainerRun, RunOutcome } from "../../runtime/container";
import { nextRestartDelay } from "../../runtime/process/restart-policy";
import { timestampNow } from "../state/timestamp";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { publishContainerEvent } from "./publish";
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
    const outcome = await supervised.run.exited;
    await supervised.drained;
    await container.lock.run(() => settle(context, container, outcome));
    if (container.isRemoving) return;
    if (await restarts(context, container, outcome, supervised.startAgain)) return;
    if (container.record.spec.autoRemove) await removeContainer(context, container, { force: true, volumes: true });
  };
  follow().catch((error: unknown) =>
    context.logger.error("follow container to its end", { container: container.id, error }),
  );
}

async function settle(context: ContainerContext, container: Container, outcome: RunOutcome): Promise<void> {
  const { exitCode, isOutOfMemory } = outcome;
  const run = container.run;
  container.health?.stop();
  container.run = undefined;
  container.health = undefined;
  await container.changeState({ status: "exited", exitCode, isOutOfMemory, finishedAt: timestampNow() });
  publishEnd(context, container, run, outcome);
  container.log.endRun();
  container.output.end();
  container.output = container.newOutput();
  container.nextExit.resolve({ exitCode });
  container.nextExit = deferred();
  context.onActivity();
}

function publishEnd(
  context: ContainerContext,
  container: Container,
  run: ContainerRun | undefined,
  { exitCode, isOutOfMemory }: RunOutcome,
): void {
  for (const { networkId } of run?.sandbox?.endpoints ?? []) {
    const attributes = { container: container.id };
    context.events.publish({ type: "network", action: "disconnect", id: networkId, attributes });
  }
  if (isOutOfMemory) publishContainerEvent(context, container, "oom");
  publishContainerEvent(context, container, "die", { exitCode: String(exitCode) });
}

/** Whether the restart policy took over. Resolves when it has started the container again, or was told to stop. */
async function restarts(
  context: ContainerContext,
  container: Container,
  { exitCode }: RunOutcome,
  startAgain: SupervisedRun["startAgain"],
): Promise<boolean> {
  const { spec, restartCount, state } = container.record;
  const delayMs = nextRestartDelay({
    policy: spec.restartPolicy,
    exitCode,
    restartCount,
    isStopWanted: container.isStopWanted,
    ranMs: Date.parse(state.finishedAt ?? "") - Date.parse(state.startedAt ?? ""),
  });
  if (delayMs === undefined) return false;
  await container.changeState({ status: "restarting" });
  await pause(container, delayMs);
  await container.lock.run(async () => {
    if (container.isRemoving || container.isRunning) return;
    if (container.isStopWanted) {
      await container.changeState({ status: "exited" });
      return;
    }
    await container.change({ restartCount: restartCount + 1 });
    await startAgain(context, container);
  });
  return !container.isStopWanted;
}

/** Ends early when someone starts, stops or removes the container. */
async function pause(container: Container, delayMs: number): Promise<void> {
  const controller = new AbortController();
  container.restartPause = controller;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, delayMs);
    controller.signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
  container.restartPause = undefined;
}
