import type { Readable } from "node:stream";
import { RuncibleError } from "../../internal/errors";
import type { BoundPorts } from "../ports/bound-ports";
import type { ContainerHandle } from "../runtime/container-handle";
import { getRuntime } from "../runtime/runtime";
import { waitLimited } from "./until";
import { AbstractWaitStrategy } from "./wait-strategy";

/** So many lines match, of both streams together. Also of a container that has ended meanwhile. */
export class LogMessageWaitStrategy extends AbstractWaitStrategy {
  readonly #message: string | RegExp;
  readonly #times: number;

  constructor(message: string | RegExp, times: number) {
    super();
    this.#message = message;
    this.#times = times;
  }

  override toString(): string {
    return `log message "${this.#message}"`;
  }

  async waitUntilReady(container: ContainerHandle, _boundPorts: BoundPorts, startTime?: Date): Promise<void> {
    const { engine } = await getRuntime();
    const since = startTime === undefined ? undefined : startTime.getTime() / 1000;
    let seen = 0;
    const found = (): string => (this.#times === 1 ? "" : ` (${seen} of ${this.#times} times)`);
    const timedOut = (): string =>
      `Log message "${this.#message}" not received after ${this.startupTimeoutMs}ms${found()}`;
    await waitLimited(this.startupTimeoutMs, timedOut, async (signal) => {
      const logs = await engine.containers.logs(container.id, { follow: true, since, signal });
      try {
        for await (const count of this.#countMatches(logs)) {
          seen = count;
          if (seen >= this.#times) return;
        }
      } finally {
        logs.destroy();
      }
      if (signal.aborted) return;
      throw new RuncibleError(
        "container-exited",
        `Log stream ended and message "${this.#message}" was not received${found()}`,
      );
    });
  }

  /**
   * Of the lines so far. A prompt or a banner may come without a line end: an unfinished line counts as soon as it
   * matches.
   */
  async *#countMatches(logs: Readable): AsyncGenerator<number> {
    let count = 0;
    let rest = "";
    for await (const chunk of logs as AsyncIterable<string>) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      count += lines.filter((line) => this.#matches(line)).length;
      yield rest !== "" && this.#matches(rest) ? count + 1 : count;
    }
  }

  #matches(text: string): boolean {
    // A terminal ends its lines with both.
    const line = text.endsWith("\r") ? text.slice(0, -1) : text;
    if (typeof this.#message === "string") return line.includes(this.#message);
    // With the flags g and y, test() would go on where the last match ended.
    this.#message.lastIndex = 0;
    return this.#message.test(line);
  }
}
