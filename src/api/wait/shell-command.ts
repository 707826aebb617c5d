import { execIn } from "../container/exec";
import type { ContainerHandle } from "../runtime/container-handle";
import { getRuntime } from "../runtime/runtime";
import { poll, waitWithContainer } from "./until";
import { AbstractWaitStrategy } from "./wait-strategy";

const intervalMs = 100;
/** Characters of a command's output in an error. */
const shownOutput = 500;

/** `/bin/sh -c <command>` in the container ends with 0. */
export class ShellWaitStrategy extends AbstractWaitStrategy {
  readonly #command: string;

  constructor(command: string) {
    super();
    this.#command = command;
  }

  override toString(): string {
    return `command "${this.#command}"`;
  }

  async waitUntilReady(container: ContainerHandle): Promise<void> {
    const { engine } = await getRuntime();
    let last = "";
    const limits = {
      engine,
      containerId: container.id,
      timeoutMs: this.startupTimeoutMs,
      describeTimeout: () => `Shell command "${this.#command}" not successful after ${this.startupTimeoutMs}ms${last}`,
    };
    const command = ["/bin/sh", "-c", this.#command];
    await waitWithContainer(limits, (signal) =>
      poll(signal, intervalMs, async () => {
        const { exitCode, output } = await execIn(engine, container.id, command, {}, signal);
        last = ` (it last ended with ${exitCode}: ${output.trim().slice(-shownOutput) || "no output"})`;
        return exitCode === 0;
      }),
    );
  }
}
