import { once } from "node:events";
import type { ContainerRun } from "../../runtime/container";
import type { AttachOptions } from "../routes/container-service";
import type { AttachedProcess, ClientInput, OutputChunk } from "../routes/stream-types";
import type { Container } from "./container";

/** `ContainerService.attach`. The subscription is made before anything is awaited: no byte falls between. */
export function attach(container: Container, options: AttachOptions): AttachedProcess {
  const live = options.stream ? container.output.subscribe() : undefined;
  if (options.input !== undefined) void feed(container, options.input, options.signal);
  options.signal.addEventListener("abort", () => void live?.return?.(), { once: true });
  return { isTty: container.record.spec.tty, output: outputOf(container, options, live) };
}

async function* outputOf(
  container: Container,
  options: AttachOptions,
  live: AsyncIterableIterator<OutputChunk> | undefined,
): AsyncIterable<OutputChunk> {
  const { stdout, stderr, signal } = options;
  if (options.logs) {
    for await (const { stream, data } of container.log.read({ follow: false, stdout, stderr, signal })) {
      yield { stream, data };
    }
  }
  if (live === undefined) return;
  for await (const chunk of live) {
    if (options[chunk.stream]) yield chunk;
  }
}

/** Carries a client's input into the container, waiting for a container that is still to be started. */
async function feed(container: Container, input: ClientInput, signal: AbortSignal): Promise<void> {
  const { openStdin, stdinOnce } = container.record.spec;
  if (!openStdin) {
    input.resume();
    return;
  }
  try {
    const stdin = (await runOf(container, signal))?.process.stdin;
    if (!stdin) return;
    for await (const chunk of input) {
      if (stdin.destroyed) return;
      if (!stdin.write(chunk)) await once(stdin, "drain", { signal });
    }
    if (stdinOnce) stdin.end();
  } catch {
    // The client broke off, or the process ended while we wrote: both are told elsewhere.
  }
}

async function runOf(container: Container, signal: AbortSignal): Promise<ContainerRun | undefined> {
  return container.run ?? (await container.nextRun(signal));
}
