import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { RuncibleError } from "../../internal/errors";
import { withoutPasswords } from "../../internal/without-passwords";
import { type RunRequest, startContainer } from "../../runtime/container";
import type { Build } from "./build";
import type { StageOutput } from "./stage-output";

/** What an error shows of a command's output: its last lines, and no more of them than these characters. */
const tailLines = 50;
const tailCharacters = 8000;

/** Runs a step's container to its end. Throws `build-step-failed` unless it exits with 0, `aborted`. */
export async function runCommand(build: Build, output: StageOutput, request: RunRequest): Promise<void> {
  const { signal } = build;
  signal.throwIfAborted();
  const run = await startContainer(build.parts.runtime, request);
  build.host.onStarted(run);
  const kill = (): void => run.process.kill("SIGKILL");
  signal.addEventListener("abort", kill);
  if (signal.aborted) kill();
  const tail = { text: "" };
  const emit = (stream: string): Promise<void> => output.emit({ stream }, signal);
  try {
    await Promise.all([
      pump(run.process.stdout, tail, emit),
      pump(run.process.stderr, tail, (text) => emit(`\u001b[91m${text}\u001b[0m`)),
    ]);
  } catch (error) {
    kill();
    throw error;
  } finally {
    // Only then are its network and cgroup gone, and the root can be unmounted.
    await run.exited;
    signal.removeEventListener("abort", kill);
  }
  if (signal.aborted) throw new RuncibleError("aborted", "build image: cancelled", { cause: signal.reason });
  const outcome = await run.exited;
  if (outcome.exitCode !== 0) throw commandFailed(request, outcome, tail.text);
}

/** The exit code and Docker's own words, which clients look for; then the end of the output. */
function commandFailed(
  { spec }: RunRequest,
  { exitCode, isOutOfMemory }: { readonly exitCode: number; readonly isOutOfMemory: boolean },
  tail: string,
): RuncibleError {
  const why = isOutOfMemory ? " (killed: out of memory)" : "";
  const message = `The command '${withoutPasswords(spec.args.join(" "))}' returned a non-zero code: ${exitCode}${why}`;
  return new RuncibleError("build-step-failed", message, { evidence: { exitCode, output: lastLines(tail) } });
}

function lastLines(tail: string): string {
  return tail.trimEnd().split("\n").slice(-tailLines).join("\n");
}

async function pump(
  stream: Readable | null,
  tail: { text: string },
  emit: (text: string) => Promise<void>,
): Promise<void> {
  if (stream === null) return;
  const decoder = new StringDecoder("utf8");
  for await (const chunk of stream) {
    const text = decoder.write(chunk);
    if (text === "") continue;
    tail.text = (tail.text + text).slice(-tailCharacters);
    await emit(text);
  }
}
