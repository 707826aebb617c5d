/** Lines of a log mostly come many a second, and a date takes longer to write than all the rest. */
let latest = { second: 0n, text: "1970-01-01T00:00:00" };

/** UTC, RFC 3339 with nine digits after the second, as Docker writes times. */
export function timestampOf(ns: bigint): string {
  const second = ns / 1_000_000_000n;
  if (second !== latest.second) {
    latest = { second, text: new Date(Number(second) * 1000).toISOString().slice(0, 19) };
  }
  return `${latest.text}.${(ns % 1_000_000_000n).toString().padStart(9, "0")}Z`;
}
