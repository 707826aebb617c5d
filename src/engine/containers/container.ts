import { type Deferred, deferred } from "../../internal/deferred";
import type { Logger } from "../../internal/log";
import { Mutex } from "../../internal/mutex";
import type { ContainerRun } from "../../runtime/container";
import type { HealthMonitor } from "../../runtime/process/health";
import { createHub, type Hub } from "../../runtime/process/hub";
import type { LogFile } from "../../runtime/process/log-file";
import { checkMove } from "../../runtime/process/state";
import type { WaitOutcome } from "../routes/container-service";
import type { ContainerRecord, LastState } from "../state/container-record";
import type { RecordStore } from "../state/record-store";
import type { ContainerContext } from "./context";

/** One container in this engine: its record, and while it runs, its run. Verbs live in files of their own. */
export class Container {
  readonly id: string;
  readonly folder: string;
  readonly rootPath: string;
  readonly log: LogFile;
  /** Serialises what changes the container; never held while its process is merely running. */
  readonly lock: Mutex = new Mutex();
  readonly removed: Deferred<WaitOutcome> = deferred();
  readonly execIds: Set<string> = new Set();
  /** Output of the current run, or of the next one while none runs. */
  output: Hub = this.newOutput();
  /** The exit of the current or next run. */
  nextExit: Deferred<WaitOutcome> = deferred();
  #run: ContainerRun | undefined;
  readonly #runWaiters: Set<(run: ContainerRun | undefined) => void> = new Set();
  health: HealthMonitor | undefined;
  /** The removal under way, for those who need it done. */
  removal: Promise<void> | undefined;
  /** Someone asked it to end: no restart policy applies. */
  isStopWanted = false;
  /** It ends in order to start again: it is not removed in between. */
  isRestartWanted = false;
  /** How long its last start waited for memory, in milliseconds. */
  memoryWaitMs = 0;
  /** From the end of a run until it is known that no policy starts the next one, or that one runs. */
  isBetweenRuns = false;
  /** What the end of the run waits for, for people; changes only while something runs. */
  endWaitsFor = "";
  /** Aborted to end the pause between two tries of a restart policy. */
  restartPause: AbortController | undefined;
  #record: ContainerRecord;
  readonly #store: RecordStore<ContainerRecord>;
  readonly #logger: Logger;

  constructor(
    record: ContainerRecord,
    places: { readonly folder: string; readonly rootPath: string; readonly log: LogFile },
    { store, logger }: Pick<ContainerContext, "store" | "logger">,
  ) {
    this.id = record.id;
    this.folder = places.folder;
    this.rootPath = places.rootPath;
    this.log = places.log;
    this.#record = record;
    this.#store = store;
    this.#logger = logger;
  }

  get record(): ContainerRecord {
    return this.#record;
  }

  get name(): string {
    return this.#record.name;
  }

  get isRunning(): boolean {
    return this.run !== undefined;
  }

  /** Whether what it may take of memory is spoken for: it runs, or is to run again without asking. */
  get keepsMemory(): boolean {
    return this.isRunning || this.isBetweenRuns || this.isRestartWanted;
  }

  get isRemoving(): boolean {
    return this.removal !== undefined;
  }

  get run(): ContainerRun | undefined {
    return this.#run;
  }

  set run(run: ContainerRun | undefined) {
    this.#run = run;
    if (run === undefined) return;
    for (const resolve of this.#runWaiters) resolve(run);
    this.#runWaiters.clear();
  }

  /** The next run; undefined when the signal comes first. */
  nextRun(signal: AbortSignal): Promise<ContainerRun | undefined> {
    return new Promise((resolve) => {
      this.#runWaiters.add(resolve);
      const giveUp = (): void => {
        this.#runWaiters.delete(resolve);
        resolve(undefined);
      };
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  newOutput(): Hub {
    return createHub();
  }

  /** Changes the record, in memory at once and on disk before the promise resolves. */
  async change(change: Partial<ContainerRecord>): Promise<void> {
    this.#record = { ...this.#record, ...change };
    if (!this.isRemoving) await this.#store.put(this.id, this.#record);
  }

  /** As `note`, of the state. Throws `container-state` for a move that no container makes. */
  async changeState(change: Partial<LastState>): Promise<void> {
    const { state } = this.#record;
    if (change.status !== undefined) checkMove(this.id, state.status, change.status);
    await this.note({ state: { ...state, ...change } });
  }

  /**
   * As `change`, but a full disk is no error: what happened is a fact whether it can be stored or not, and it matters
   * on disk only to the next engine, which finds nothing running anyway.
   */
  async note(change: Pick<Partial<ContainerRecord>, "state" | "restartCount">): Promise<void> {
    try {
      await this.change(change);
    } catch (error) {
      this.#logger.warn("store state of container", { container: this.id, error });
    }
  }

  /** Labels, image and name: what every event of a container carries. */
  eventAttributes(more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
    return { ...this.#record.config.labels, image: this.#record.spec.image, name: this.name, ...more };
  }
}
