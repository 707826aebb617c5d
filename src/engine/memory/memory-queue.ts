import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../../internal/log";

/** What a container may take. */
export interface MemoryClaim {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  /** Nobody wants it started any more. */
  isGivenUp(): boolean;
}

export interface MemoryFacts {
  /** Free on the machine now. */
  freeBytes(): Promise<number>;
  /** Of the containers that run, by id. */
  claims(): ReadonlyMap<string, RunningClaim>;
}

export interface RunningClaim {
  /** What it may take in all. */
  readonly bytes: number;
  /** It has taken what it will. */
  readonly isSettled: boolean;
  /** What of it it has not taken yet: looked up, as it takes some file reads. */
  untakenBytes(): Promise<number>;
}

export interface MemoryQueueOptions {
  readonly facts: MemoryFacts;
  /** For all containers together. Undefined: what the machine has. */
  readonly budgetBytes: number | undefined;
  /** After this, a start goes ahead all the same: whoever holds the memory may be waiting for it. */
  readonly waitLimitMs: number;
  readonly logger: Logger;
}

export interface Admission {
  /** For memory, or behind somebody who did; 0 when looking was all that took time. */
  readonly waitedMs: number;
  /** The container runs now, or never will: `claims` tells from here on. Idempotent. */
  settle(): void;
}

const lookEveryMs = 100;
/** For the engine and everybody else. */
const marginBytes = 64 * 1024 * 1024;

/**
 * Lets containers start in the order in which they were asked for, each when what it may take is free. A container that
 * would be alone always starts, and none waits for ever.
 */
export class MemoryQueue {
  readonly #options: MemoryQueueOptions;
  /** First come, first served; the first one looks, the others wait for it. */
  #last: Promise<unknown> = Promise.resolve();
  /** Admitted, but not among those that run yet. */
  readonly #starting = new Map<string, number>();
  /** When the last start that lacked memory went ahead. */
  #waitEndedAt = Number.NEGATIVE_INFINITY;

  constructor(options: MemoryQueueOptions) {
    this.#options = options;
  }

  async admit(claim: MemoryClaim): Promise<Admission> {
    const askedAt = performance.now();
    const before = this.#last;
    const turn = before.then(() => this.#untilFree(claim, askedAt));
    this.#last = turn.catch(() => {});
    await turn;
    const waitedMs = this.#waitEndedAt < askedAt ? 0 : Math.round(performance.now() - askedAt);
    return { waitedMs, settle: () => this.#starting.delete(claim.id) };
  }

  async #untilFree(claim: MemoryClaim, askedAt: number): Promise<void> {
    const { logger, waitLimitMs } = this.#options;
    let isTold = false;
    for (;;) {
      const { free, others } = await this.#room(claim.bytes);
      if (claim.isGivenUp() || others === 0 || claim.bytes <= free) break;
      const waitedMs = performance.now() - askedAt;
      const facts = { container: claim.name, needs: megabytes(claim.bytes), free: megabytes(Math.max(0, free)) };
      if (waitedMs >= waitLimitMs) {
        logger.warn(`start goes ahead without enough memory, after ${seconds(waitedMs)} s`, facts);
        break;
      }
      if (!isTold) logger.info("start waits for memory", { ...facts, running: others });
      isTold = true;
      await delay(lookEveryMs);
    }
    this.#starting.set(claim.id, claim.bytes);
    if (!isTold) return;
    this.#waitEndedAt = performance.now();
    logger.info(`waited ${seconds(this.#waitEndedAt - askedAt)} s for memory`, { container: claim.name });
  }

  async #room(wanted: number): Promise<{ readonly free: number; readonly others: number }> {
    const { facts, budgetBytes = Number.POSITIVE_INFINITY } = this.#options;
    const freeBytes = await facts.freeBytes();
    const claims = facts.claims();
    const running = [...claims.values()];
    const startingBytes = sum([...this.#starting].filter(([id]) => !claims.has(id)).map(([, bytes]) => bytes));
    const others = running.length + [...this.#starting.keys()].filter((id) => !claims.has(id)).length;
    const budget = budgetBytes - sum(running.map(({ bytes }) => bytes)) - startingBytes;
    const machine = freeBytes - marginBytes - startingBytes;
    const growing = running.filter(({ isSettled }) => !isSettled);
    // Mostly there is far more than enough.
    const least = machine - sum(growing.map(({ bytes }) => bytes));
    if (wanted <= least) return { free: Math.min(least, budget), others };
    const untaken = await Promise.all(growing.map((claim) => claim.untakenBytes()));
    return { free: Math.min(machine - sum(untaken), budget), others };
  }
}

export function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}
