import { checkedDuration } from "../checks";
import type { BoundPorts } from "../ports/bound-ports";
import type { ContainerHandle } from "../runtime/container-handle";
import { waitLimited } from "./until";
import { waitByStrategy } from "./wait-by-strategy";
import { AbstractWaitStrategy, checkTimeLimit, type WaitStrategy } from "./wait-strategy";

/** How a wait went, or stands. */
export interface WaitState {
  /** What is waited for. */
  readonly wait: string;
  /** Milliseconds from the beginning of the wait. Undefined: not ready yet. */
  readonly readyAfterMs: number | undefined;
}

/** Of a strategy of several each; of one that is not ready, it alone. */
export function waitStatesOf(strategy: WaitStrategy): readonly WaitState[] {
  if (strategy instanceof CompositeWaitStrategy) return strategy.states();
  const name = strategy instanceof AbstractWaitStrategy ? String(strategy) : strategy.constructor.name;
  return [{ wait: name, readyAfterMs: undefined }];
}

/** All of several strategies, side by side. */
export class CompositeWaitStrategy extends AbstractWaitStrategy {
  readonly #strategies: readonly WaitStrategy[];
  #deadlineMs: number | undefined;
  /** By the strategy's place; of the last wait. */
  readonly #readyAfterMs = new Map<number, number>();

  constructor(strategies: readonly WaitStrategy[]) {
    super();
    this.#strategies = strategies;
  }

  async waitUntilReady(container: ContainerHandle, boundPorts: BoundPorts, startTime?: Date): Promise<void> {
    const missing = new Set(this.#strategies.keys());
    const beganAtMs = Date.now();
    this.#readyAfterMs.clear();
    const wait = async (strategy: WaitStrategy, index: number): Promise<void> => {
      await waitByStrategy(strategy, { container, boundPorts, startTime });
      missing.delete(index);
      this.#readyAfterMs.set(index, Date.now() - beganAtMs);
    };
    const waits = async (): Promise<void> => {
      await Promise.all(this.#strategies.map(wait));
    };
    if (this.#deadlineMs === undefined) return waits();
    const describeTimeout = (): string => {
      const numbers = [...missing].map((index) => index + 1).join(", ");
      return `Composite wait strategy not successful after ${this.#deadlineMs}ms (of its ${this.#strategies.length} strategies, number ${numbers} was not)`;
    };
    await waitLimited(this.#deadlineMs, describeTimeout, waits);
  }

  /** Each strategy of the last wait, those of composite ones too. */
  states(): readonly WaitState[] {
    return this.#strategies.flatMap((strategy, index) => {
      const readyAfterMs = this.#readyAfterMs.get(index);
      return readyAfterMs === undefined
        ? waitStatesOf(strategy)
        : waitStatesOf(strategy).map((state) => ({ ...state, readyAfterMs: state.readyAfterMs ?? readyAfterMs }));
    });
  }

  /** For those strategies that have no time limit of their own. */
  override withStartupTimeout(startupTimeoutMs: number): this {
    for (const strategy of this.#strategies) {
      // Strategies of users may lack the question.
      if (strategy.isStartupTimeoutSet?.() === true) continue;
      checkTimeLimit(strategy, checkedDuration(startupTimeoutMs, "the startup timeout"));
      strategy.withStartupTimeout(startupTimeoutMs);
    }
    return this;
  }

  /** For all of them together, in milliseconds. */
  withDeadline(deadlineMs: number): this {
    this.#deadlineMs = checkedDuration(deadlineMs, "the deadline");
    return this;
  }
}
