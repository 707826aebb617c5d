import { RuncibleError } from "../../internal/errors";
import { livingStateOf } from "../../internal/process-stat";
import { parseSignal } from "../../runtime/process/signals";
import type { StopOptions } from "../routes/container-service";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { runOf } from "./find";
import { resumeIfPaused } from "./pause";
import { publishContainerEvent } from "./publish";

const defaultGraceSeconds = 10;
const sigkill = 9;
/** As Docker. */
const killLimitMs = 10_000;
/** For what the engine itself does after a process has ended: a disk under a heavy load holds that up for long. */
const settleLimitMs = 5 * 60_000;

/**
 * Signal, grace, SIGKILL; resolves when the container has been seen to end, at once when it does not run. Throws
 * `timeout` when its process outlives SIGKILL by ten seconds, or what the engine does after that lasts five minutes.
 */
export async function endRun(context: ContainerContext, container: Container, options: StopOptions): Promise<void> {
  const { spec, config } = container.record;
  if (container.run === undefined) return;
  const { process } = container.run;
  const ended = container.nextExit.promise;
  const graceSeconds = options.timeoutSeconds ?? spec.stopTimeoutSeconds ?? defaultGraceSeconds;
  await resumeIfPaused(context, container);
  if (graceSeconds !== 0) {
    const number = parseSignal(options.signal ?? config.stopSignal ?? "TERM");
    process.kill(number);
    publishContainerEvent(context, container, "kill", { signal: String(number) });
    if (graceSeconds < 0 || (await endsWithin(ended, graceSeconds * 1000))) {
      await ended;
      return;
    }
  }
  process.kill(sigkill);
  publishContainerEvent(context, container, "kill", { signal: String(sigkill) });
  await endAfterKill(context, container, { step: `stop container ${container.id}`, pid: process.pid, ended });
}

/**
 * `ContainerService.kill`. After SIGKILL the end is waited for, as by `endRun`: a client that removes the container
 * next finds it ended.
 */
export async function killContainer(context: ContainerContext, container: Container, number: number): Promise<void> {
  // A start that is under way comes first. The end is that of the same run: both change with the lock held.
  const { process, ended } = await container.lock.run(async () => ({
    process: runOf(container).process,
    ended: container.nextExit.promise,
  }));
  if (number === sigkill) {
    container.isStopWanted = true;
    await resumeIfPaused(context, container);
  }
  process.kill(number);
  publishContainerEvent(context, container, "kill", { signal: String(number) });
  if (number !== sigkill) return;
  await endAfterKill(context, container, { step: `kill container ${container.id}`, pid: process.pid, ended });
}

interface KilledRun {
  /** For error messages. */
  readonly step: string;
  readonly pid: number;
  readonly ended: Promise<unknown>;
}

async function endAfterKill(
  context: ContainerContext,
  container: Container,
  { step, pid, ended }: KilledRun,
): Promise<void> {
  if (await endsWithin(ended, killLimitMs)) return;
  const state = await livingStateOf(pid);
  if (state !== undefined) {
    throw new RuncibleError(
      "timeout",
      `${step}: process ${pid} was killed, but is still there after ${killLimitMs / 1000} s (state ${state}); in state D it hangs in the kernel, mostly for a disk or a file server`,
    );
  }
  const waitsFor = container.endWaitsFor;
  context.logger.warn("the end of a container takes long", { container: container.id, waitsFor });
  if (await endsWithin(ended, settleLimitMs)) return;
  throw new RuncibleError(
    "timeout",
    `${step}: its process has ended, but the engine has waited for ${settleLimitMs / 60_000} min for ${container.endWaitsFor}; see whether the disk of the state folder still answers`,
  );
}

async function endsWithin(ended: Promise<unknown>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const elapsed = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  const result = await Promise.race([ended.then(() => true as const), elapsed]);
  clearTimeout(timer);
  return result;
}
