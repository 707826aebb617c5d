import type { Readable } from "node:stream";
import { RuncibleError } from "../internal/errors";
import type { ProgressLine } from "../wire/progress";
import { codeOfText, knownCode } from "./api-error";
import { readLines } from "./lines";

/** Reads a progress answer to its end. Throws the error that a line of it tells. */
export async function readProgress(
  answer: Readable,
  onProgress: (line: ProgressLine) => void = () => {},
): Promise<void> {
  for await (const text of readLines(answer)) {
    const line = JSON.parse(text) as ProgressLine;
    const message = line.errorDetail?.message ?? line.error;
    if (message !== undefined) {
      const exitCode = line.errorDetail?.code;
      const evidence = { ...line.errorEvidence, ...(exitCode === undefined ? {} : { exitCode }) };
      throw new RuncibleError(knownCode(line.errorCode) ?? codeOfText(message), message, { evidence });
    }
    onProgress(line);
  }
}
