const durationUnits: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  us: 1e-3,
  ns: 1e-6,
};

/** Milliseconds of `1m30s`, `1.5s`, `300ms`; a bare number is seconds. Undefined: no duration. */
export function durationMs(text: string | number): number | undefined {
  if (/^\d+(\.\d+)?$/.test(String(text))) return Number(text) * 1_000;
  const parts = [...String(text).matchAll(/(\d+(?:\.\d+)?)(h|ms|us|µs|ns|m|s)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) return undefined;
  return parts.reduce(
    (sum, [, amount, unit = ""]) => sum + Number(amount) * (durationUnits[unit.replace("µ", "u")] ?? 0),
    0,
  );
}

/** Bytes of `64m`, `1.5gb`, `512`; units are powers of 1024. Undefined: no size. */
export function sizeBytes(text: string | number): number | undefined {
  if (typeof text === "number") return Math.round(text);
  const match = /^(-?\d+(?:\.\d+)?)\s*([kmgtp]?)(?:i?b)?$/i.exec(text.trim());
  if (match === null) return undefined;
  const power = " kmgtp".indexOf((match[2] || " ").toLowerCase());
  return Math.round(Number(match[1]) * 1024 ** power);
}
