import type { ProgressLine } from "../wire/progress";

/** One line per step, not per chunk: the output is for logs as well as for people. */
export function printStep({ id, status, stream, progressDetail }: ProgressLine, out: (text: string) => void): void {
  if (stream !== undefined) out(stream);
  if (status === undefined || progressDetail?.current !== undefined) return;
  out(id === undefined ? `${status}\n` : `${id}: ${status}\n`);
}
