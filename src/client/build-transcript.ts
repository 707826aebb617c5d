import { isRuncibleError, messageOf, RuncibleError } from "../internal/errors";
import type { ProgressLine } from "../wire/progress";

/** What an error shows of a step's output. */
const tailCharacters = 2000;

/** What a build said last: a daemon that is not ours tells of a failure without the step, or what the step wrote. */
export interface BuildTranscript {
  add(line: ProgressLine): void;
  /** The error with `instruction` and `output` as evidence; a failed command is `build-step-failed`. */
  explain(error: unknown): unknown;
}

export function createBuildTranscript(): BuildTranscript {
  let instruction: string | undefined;
  let output = "";
  return {
    add: ({ stream }) => {
      if (stream === undefined) return;
      const step = /^Step \d+\/\d+ : (.*)/s.exec(stream)?.[1];
      if (step !== undefined) {
        instruction = step.trimEnd();
        output = "";
      } else if (!stream.startsWith(" ---> ")) {
        output = (output + plain(stream)).slice(-tailCharacters);
      }
    },
    explain: (error) => {
      if (!isRuncibleError(error) || instruction === undefined || "instruction" in error.evidence) return error;
      const { code, message, evidence, cause } = error;
      const exitCode = exitCodeIn(message);
      const tail = output.trimEnd();
      return new RuncibleError(
        exitCode === undefined ? code : "build-step-failed",
        `${messageOf(error)} (${instruction})${tail === "" ? "" : `\n${tail}`}`,
        {
          cause,
          evidence: { ...(exitCode === undefined ? {} : { exitCode }), ...evidence, instruction, output: tail },
        },
      );
    },
  };
}

/** In the words of the classic builder, and of BuildKit. */
function exitCodeIn(message: string): number | undefined {
  const digits = /returned a non-zero code: (\d+)|: exit code: (\d+)/.exec(message);
  return digits === null ? undefined : Number(digits[1] ?? digits[2]);
}

/** Without the colours that the daemon gives to stderr. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one
  return text.replace(/\u001b\[\d*m/g, "");
}
