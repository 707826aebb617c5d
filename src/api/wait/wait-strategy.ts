import { checkedDuration, wrong } from "../checks";
import type { BoundPorts } from "../ports/bound-ports";
import type { ContainerHandle } from "../runtime/container-handle";

export interface WaitStrategy {
  /** `startTime`: after a restart, when it happened; earlier log lines do not count. */
  waitUntilReady(container: ContainerHandle, boundPorts: BoundPorts, startTime?: Date): Promise<void>;
  withStartupTimeout(startupTimeoutMs: number): WaitStrategy;
  isStartupTimeoutSet(): boolean;
  getStartupTimeout(): number;
}

export abstract class AbstractWaitStrategy implements WaitStrategy {
  protected startupTimeoutMs = 60_000;
  #isStartupTimeoutSet = false;

  abstract waitUntilReady(container: ContainerHandle, boundPorts: BoundPorts, startTime?: Date): Promise<void>;

  /** Milliseconds. Default: 60 000. */
  withStartupTimeout(startupTimeoutMs: number): this {
    this.startupTimeoutMs = checkedDuration(startupTimeoutMs, "the startup timeout");
    this.#isStartupTimeoutSet = true;
    return this;
  }

  /** For errors: what is waited for. */
  toString(): string {
    return this.constructor.name;
  }

  isStartupTimeoutSet(): boolean {
    return this.#isStartupTimeoutSet;
  }

  getStartupTimeout(): number {
    return this.startupTimeoutMs;
  }
}

/** A strategy of a user may do without a time limit, but not be given one then. Throws `invalid-argument`. */
export function checkTimeLimit(waitStrategy: WaitStrategy | undefined, startupTimeoutMs: number | undefined): void {
  if (waitStrategy === undefined || startupTimeoutMs === undefined) return;
  if (typeof waitStrategy.withStartupTimeout === "function") return;
  throw wrong(
    "the startup timeout",
    startupTimeoutMs,
    "for this wait strategy, which has no method withStartupTimeout",
  );
}
