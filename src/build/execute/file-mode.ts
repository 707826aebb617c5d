import { RuncibleError } from "../../internal/errors";

/** The permissions that `--chmod` asks for, of a file that has `mode`. */
export type ModeChange = (mode: number, isFolder: boolean) => number;

const bits: Readonly<Record<string, number>> = { r: 4, w: 2, x: 1 };
const shifts: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };

/** `755`, or `u=rwX,go+r` as of chmod(1). Throws `invalid-argument`. */
export function parseChmod(text: string): ModeChange {
  if (/^[0-7]{1,5}$/.test(text)) {
    const fixed = Number.parseInt(text, 8) & 0o7777;
    return () => fixed;
  }
  const clauses = text.split(",").map((clause) => {
    const [, who = "", operator, what = ""] = /^([ugoa]*)([-+=])([rwxXst]*)$/.exec(clause) ?? [];
    if (operator === undefined) throw new RuncibleError("invalid-argument", `invalid chmod parameter: '${text}'`);
    return { who: who === "" || who.includes("a") ? "ugo" : who, operator, what };
  });
  return (mode, isFolder) => clauses.reduce((result, clause) => applyClause(result, clause, isFolder), mode);
}

function applyClause(
  mode: number,
  { who, operator, what }: { readonly who: string; readonly operator: string; readonly what: string },
  isFolder: boolean,
): number {
  let set = 0;
  let cleared = 0;
  for (const name of who) {
    const shift = shifts[name] ?? 0;
    cleared |= 7 << shift;
    for (const letter of what) set |= (bits[letter] ?? 0) << shift;
    if (what.includes("X") && (isFolder || (mode & 0o111) !== 0)) set |= 1 << shift;
    if (what.includes("s") && name !== "o") set |= name === "u" ? 0o4000 : 0o2000;
  }
  if (what.includes("t")) set |= 0o1000;
  if (operator === "+") return mode | set;
  return operator === "-" ? mode & ~set : (mode & ~cleared) | set;
}
