import { RuncibleError } from "../internal/errors";

/** What a terminal sends for ctrl-@, ctrl-a to ctrl-z, ctrl-[ and so on: 0 to 31. */
const controlKeys = "@abcdefghijklmnopqrstuvwxyz[\\]^_";
const defaultKeys = "ctrl-p,ctrl-q";

/**
 * The bytes of keys that detach a terminal, as Docker writes them: single characters and `ctrl-` with a letter or one
 * of `@ [ \ ] ^ _`, separated by commas. Absent or empty: `ctrl-p,ctrl-q`. Throws `invalid-argument`.
 */
export function decodeDetachKeys(text: string | null | undefined): Uint8Array {
  const keys = (text || defaultKeys).split(",");
  return Buffer.from(keys.map((key) => codeOf(key) ?? refuse(text ?? "")));
}

function codeOf(key: string): number | undefined {
  if (key === "DEL") return 127;
  const control = /^ctrl-(.)$/.exec(key)?.[1];
  const code = control === undefined ? -1 : controlKeys.indexOf(control);
  if (code >= 0) return code;
  return Buffer.byteLength(key) === 1 ? key.charCodeAt(0) : undefined;
}

function refuse(text: string): never {
  throw new RuncibleError(
    "invalid-argument",
    `Invalid detach keys (${text}) provided: they are single characters or ctrl-<letter>, separated by commas`,
  );
}
