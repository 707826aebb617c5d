import { syntaxError } from "./syntax-error";

export interface Directives {
  readonly escapeMark: string;
  /** How many lines at the beginning are directives. */
  readonly lines: number;
}

/** `# escape=` and its like, which stand before everything else. `# syntax=` names a frontend; there is only this one. */
export function readDirectives(lines: readonly string[]): Directives {
  let escapeMark = "\\";
  const seen = new Set<string>();
  for (const [index, line] of lines.entries()) {
    const [, name, value = ""] = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/.exec(line) ?? [];
    const key = name?.toLowerCase();
    if (key === undefined || !["escape", "syntax", "check"].includes(key)) return { escapeMark, lines: index };
    if (seen.has(key)) throw syntaxError(index + 1, `only one ${key} parser directive can be used`);
    seen.add(key);
    if (key !== "escape") continue;
    if (value !== "\\" && value !== "`") throw syntaxError(index + 1, `invalid ESCAPE "${value}": must be \` or \\`);
    escapeMark = value;
  }
  return { escapeMark, lines: lines.length };
}
