import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { RuncibleError } from "../../internal/errors";
import { type RunRequest, startContainer } from "../../runtime/container";
import type { Build } from "./build";
import type { StageOutput } from "./stage-output";

/** What an error shows of a command's output. */
const tailCharacters = 2000;

/** Runs a step's container to its end. Throws `build-step-failed` unless it exits with 0, `aborted`. */
export async function runCommand(build: Build, output: StageOutput, request: RunRequest): Promise<void> {
  const { signal } = build;
  signal.throwIfAborted();
  const run = await startContainer(build.parts.runtime, request);
  const kill = (): void => run.process.kill("SIGKILL");
  signal.addEventListener("abort", kill);
  if (signal.aborted) kill();
  const tail = { text: "" };
  try {
    const [outcome] = await Promise.all([
      run.exited,
      pump(run.process.stdout, tail, (text) => output.emit({ stream: text }, signal)),
      pump(run.process.stderr, tail, (text) => output.emit({ stream: `\u001b[91m${text}\u001b[0m` }, signal)),
    ]);
    if (signal.aborted) throw new RuncibleError("aborted", "build image: cancelled", { cause: signal.reason });
    if (outcome.exitCode !== 0) throw commandFailed(request, outcome, tail.text);
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

/** The exit code and Docker's own words, which clients look for; then the end of the output. */
function commandFailed(
  { spec }: RunRequest,
  { exitCode, isOutOfMemory }: { readonly exitCode: number; readonly isOutOfMemory: boolean },
  tail: string,
): RuncibleError {
  const why = isOutOfMemory ? " (killed: out of memory)" : "";
  const message = `The command '${spec.args.join(" ")}' returned a non-zero code: ${exitCode}${why}`;
  return new RuncibleError("build-step-failed", message, { evidence: { exitCode, output: tail.trimEnd() } });
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
