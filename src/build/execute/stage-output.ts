import { type Deferred, deferred } from "../../internal/deferred";
import type { BuildEvent } from "./build-event";

/** Events of which nobody has taken note yet; a stage with more of them waits. */
const backlogLimit = 256;

/**
 * What a stage tells. Stages run at once, and each is read to its end before the next, so that nobody sees two outputs
 * mixed. A reader that stops holds up the stage, not the memory.
 */
export class StageOutput {
  readonly #events: BuildEvent[] = [];
  #isEnded = false;
  #changed: Deferred<void> = deferred();

  /** Resolves when there is room for more, or when the signal aborts. */
  async emit(event: BuildEvent, signal: AbortSignal): Promise<void> {
    if (this.#isEnded) return;
    this.#events.push(event);
    this.#tell();
    while (this.#events.length > backlogLimit && !this.#isEnded && !signal.aborted) {
      await this.#change(signal);
    }
  }

  end(): void {
    this.#isEnded = true;
    this.#tell();
  }

  async *read(): AsyncGenerator<BuildEvent> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) {
        this.#tell();
        yield event;
      } else if (this.#isEnded) return;
      else await this.#changed.promise;
    }
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = deferred();
  }

  async #change(signal: AbortSignal): Promise<void> {
    const aborted = deferred();
    const giveUp = (): void => aborted.resolve();
    signal.addEventListener("abort", giveUp);
    await Promise.race([this.#changed.promise, aborted.promise]);
    signal.removeEventListener("abort", giveUp);
  }
}
