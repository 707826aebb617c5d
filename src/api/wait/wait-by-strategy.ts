import { setTimeout as delay } from "node:timers/promises";
import type { BoundPorts } from "../ports/bound-ports";
import type { ContainerHandle } from "../runtime/container-handle";
import { getRuntime } from "../runtime/runtime";
import { containerEnd } from "./until";
import { AbstractWaitStrategy, type WaitStrategy } from "./wait-strategy";

/**
 * Milliseconds that a strategy of a user's has for its answer once the container has ended: that may be what it waits
 * for.
 */
const lastWordMs = 500;

/** Waits as the strategy says. One of a user's need not look whether the container is still there: this does. */
export async function waitByStrategy(
  strategy: WaitStrategy,
  target: {
    readonly container: ContainerHandle;
    readonly boundPorts: BoundPorts;
    readonly startTime?: Date | undefined;
  },
): Promise<void> {
  const { container, boundPorts, startTime } = target;
  const wait = strategy.waitUntilReady(container, boundPorts, startTime);
  // Ours look themselves.
  if (strategy instanceof AbstractWaitStrategy) return wait;
  const { engine } = await getRuntime();
  const stop = new AbortController();
  const end = containerEnd(engine, container.id, stop.signal).catch(async (error: unknown) => {
    await delay(lastWordMs, undefined, { signal: stop.signal });
    throw error;
  });
  try {
    await Promise.race([wait, end]);
  } finally {
    stop.abort();
    end.catch(() => {});
  }
}
