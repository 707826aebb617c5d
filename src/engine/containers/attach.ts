import type { ContainerRun } from "../../runtime/container";
import type { AttachOptions } from "../routes/container-service";
import type { AttachedProcess, ClientInput, OutputChunk } from "../routes/stream-types";
import { carryInput } from "./client-input";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { publishContainerEvent } from "./publish";

/** `ContainerService.attach`. The subscription is made before anything is awaited: no byte falls between. */
export function attach(context: ContainerContext, container: Container, options: AttachOptions): AttachedProcess {
  const isFollowed = options.stream && (options.stdout || options.stderr || options.input !== undefined);
  const live = isFollowed ? container.output.subscribe() : undefined;
  const onDetach = (): void => {
    void live?.return?.();
    publishContainerEvent(context, container, "detach");
  };
  const onEnd = (): void => void live?.return?.();
  if (options.input !== undefined) void feed(container, options.input, options, { onDetach, onEnd });
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
    for await (const lines of container.log.read({ follow: false, stdout, stderr, signal })) yield* lines;
  }
  if (live === undefined) return;
  for await (const chunk of live) {
    if (options[chunk.stream]) yield chunk;
  }
}

/**
 * Carries a client's input into the container, waiting for a container that is still to be started. Where the end of
 * the input is not that of the container's, it is the end of the whole stream, as in Docker.
 */
async function feed(
  container: Container,
  input: ClientInput,
  { detachKeys, signal }: AttachOptions,
  { onDetach, onEnd }: { readonly onDetach: () => void; readonly onEnd: () => void },
): Promise<void> {
  const { openStdin, stdinOnce, tty } = container.record.spec;
  if (!openStdin) {
    input.resume();
    return;
  }
  try {
    const stdin = (await runOf(container, signal))?.process.stdin;
    if (!stdin) return;
    const end = await carryInput(input, stdin, { signal, ...(tty ? { detachKeys } : {}) });
    if (end === "detached") onDetach();
    else if (stdinOnce) stdin.end();
    else onEnd();
  } catch {
    // The client broke off, or the process ended while we wrote: both are told elsewhere.
  }
}

async function runOf(container: Container, signal: AbortSignal): Promise<ContainerRun | undefined> {
  return container.run ?? (await container.nextRun(signal));
}
