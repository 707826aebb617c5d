import { type Deferred, deferred } from "../../internal/deferred";
import { messageOf, RuncibleError } from "../../internal/errors";
import { randomId } from "../../internal/ids";
import { reuseLeaseLabel } from "../../wire/session";
import type { Container } from "../containers/container";
import type { ContainerContext } from "../containers/context";
import { removeContainer } from "../containers/remove";
import type { ReuseLease, ReuseService } from "../routes/reuse-service";
import { reuseKeyLabel } from "../state/container-record";

export interface ReuseRegistryOptions {
  readonly context: ContainerContext;
  /** Milliseconds without a lease until a container is removed; 0: never. */
  readonly idleMs: number;
  /** Without a lease so many are kept, those that had one last; 0: any number. */
  readonly limit: number;
}

/** Somebody makes the container. */
interface Making {
  /** Marks what is made. */
  readonly id: string;
  /** Settled when it has come to an end. */
  readonly ended: Deferred<void>;
}

interface Entry {
  leases: number;
  making: Making | undefined;
  idleTimer: NodeJS.Timeout | undefined;
  /** Goes up with each that nobody needs any more. Undefined: somebody has a lease. */
  idleNumber: number | undefined;
}

/**
 * Who may have a reusable container, and when. Leases are connections: a process that is killed loses its lease with
 * them, and what it had only begun to make is removed.
 */
export class ReuseRegistry implements ReuseService {
  readonly #options: ReuseRegistryOptions;
  readonly #entries = new Map<string, Entry>();
  #lastIdleNumber = 0;

  constructor(options: ReuseRegistryOptions) {
    this.#options = options;
    // Of an earlier engine; nobody has a lease on them yet.
    for (const { record } of options.context.index.values()) {
      const key = record.config.labels[reuseKeyLabel];
      if (key !== undefined && record.isReusable === true) this.#awaitIdle(key, this.#entry(key));
    }
  }

  async lease(key: string, signal: AbortSignal): Promise<ReuseLease> {
    const entry = this.#entry(key);
    entry.leases += 1;
    clearTimeout(entry.idleTimer);
    entry.idleNumber = undefined;
    try {
      while (entry.making !== undefined) await Promise.race([entry.making.ended.promise, aborted(signal)]);
      const ready = this.#containersOf(key).find(({ record }) => record.isReusable === true);
      if (ready !== undefined) return { containerId: ready.id, release: () => this.#release(key, entry) };
    } catch (error) {
      await this.#release(key, entry);
      throw error;
    }
    const making = { id: randomId().slice(0, 16), ended: deferred() };
    entry.making = making;
    this.#options.context.reuseMakers.add(making.id);
    return { makerId: making.id, release: () => this.#releaseMaker(key, entry, making) };
  }

  async markReady(key: string, containerId: string): Promise<void> {
    const container = this.#containersOf(key).find(({ id }) => id === containerId);
    if (container === undefined) {
      throw new RuncibleError("container-not-found", `hand out container ${containerId}: it is not there any more`);
    }
    await container.change({ isReusable: true });
    const entry = this.#entry(key);
    if (entry.making !== undefined) this.#endMaking(entry, entry.making);
  }

  async prune(): Promise<readonly string[]> {
    return (await Promise.all(this.#idle().map(([key, entry]) => this.#removeIdle(key, entry)))).flat();
  }

  /** No timer keeps the engine. */
  close(): void {
    for (const { idleTimer } of this.#entries.values()) clearTimeout(idleTimer);
  }

  #entry(key: string): Entry {
    const entry = this.#entries.get(key) ?? {
      leases: 0,
      making: undefined,
      idleTimer: undefined,
      idleNumber: undefined,
    };
    this.#entries.set(key, entry);
    return entry;
  }

  #containersOf(key: string): readonly Container[] {
    return this.#options.context.index
      .values()
      .filter(({ record, isRemoving }) => !isRemoving && record.config.labels[reuseKeyLabel] === key);
  }

  async #releaseMaker(key: string, entry: Entry, making: Making): Promise<void> {
    if (entry.making === making) {
      // What is not there yet will not come any more.
      this.#options.context.reuseMakers.delete(making.id);
      const isUnfinished = ({ record }: Container): boolean =>
        record.isReusable !== true && record.config.labels[reuseLeaseLabel] === making.id;
      await this.#remove(this.#containersOf(key).filter(isUnfinished));
      this.#endMaking(entry, making);
    }
    await this.#release(key, entry);
  }

  #endMaking(entry: Entry, making: Making): void {
    this.#options.context.reuseMakers.delete(making.id);
    entry.making = undefined;
    making.ended.resolve();
  }

  async #release(key: string, entry: Entry): Promise<void> {
    entry.leases -= 1;
    if (entry.leases > 0) return;
    if (this.#containersOf(key).length === 0) this.#entries.delete(key);
    else this.#awaitIdle(key, entry);
    await this.#removeBeyondLimit();
  }

  #awaitIdle(key: string, entry: Entry): void {
    const { idleMs } = this.#options;
    this.#lastIdleNumber += 1;
    entry.idleNumber = this.#lastIdleNumber;
    if (idleMs === 0) return;
    entry.idleTimer = setTimeout(() => this.#removeIdle(key, entry), idleMs);
    entry.idleTimer.unref();
  }

  /** The longest first. */
  #idle(): readonly (readonly [key: string, entry: Entry])[] {
    const numberOf = ([, { idleNumber = 0 }]: readonly [string, Entry]): number => idleNumber;
    return [...this.#entries]
      .filter(([, { idleNumber }]) => idleNumber !== undefined)
      .sort((left, right) => numberOf(left) - numberOf(right));
  }

  async #removeBeyondLimit(): Promise<void> {
    const { limit } = this.#options;
    const idle = limit === 0 ? [] : this.#idle().slice(0, -limit);
    for (const [key, entry] of idle) await this.#removeIdle(key, entry);
  }

  /** Ids of the containers. Whoever asks meanwhile finds them going, and makes another. */
  async #removeIdle(key: string, entry: Entry): Promise<readonly string[]> {
    if (entry.leases > 0) return [];
    clearTimeout(entry.idleTimer);
    const containers = this.#containersOf(key);
    await this.#remove(containers);
    if (entry.leases === 0) this.#entries.delete(key);
    this.#options.context.onActivity();
    return containers.map(({ id }) => id);
  }

  async #remove(containers: readonly Container[]): Promise<void> {
    const { context } = this.#options;
    for (const container of containers) {
      await removeContainer(context, container, { force: true, volumes: true }).catch((error: unknown) =>
        context.logger.warn("remove reusable container", { container: container.id, reason: messageOf(error) }),
      );
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const giveUp = (): void => reject(new RuncibleError("aborted", "wait for a reusable container: the caller left"));
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
  });
}
