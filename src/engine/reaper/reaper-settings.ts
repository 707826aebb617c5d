/** As the real one is told by its environment. */
export interface ReaperSettings {
  readonly port: number;
  /** Until it ends when no client ever comes. */
  readonly connectionMs: number;
  /** From the end of the last connection until it removes what it was told. */
  readonly reconnectionMs: number;
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** What is malformed is as if it were not there: the image's program would not start, and nothing be removed. Pure. */
export function reaperSettings(environment: readonly string[]): ReaperSettings {
  const values = new Map(environment.map((entry) => [entry.split("=", 1)[0] ?? "", entry.replace(/^[^=]*=/, "")]));
  const port = Number(values.get("RYUK_PORT") ?? 8080);
  return {
    port: Number.isInteger(port) && port > 0 && port < 65_536 ? port : 8080,
    connectionMs: durationMs(values.get("RYUK_CONNECTION_TIMEOUT")) ?? 60_000,
    reconnectionMs: durationMs(values.get("RYUK_RECONNECTION_TIMEOUT")) ?? 10_000,
  };
}

/** Go's form, `1m30s`. */
function durationMs(text = ""): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  return parts.reduce((sum, [, amount, unit = ""]) => sum + Number(amount) * (unitMs[unit] ?? 0), 0);
}
