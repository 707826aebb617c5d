import { loadParser } from "./load-parser";
import { syntaxError } from "./syntax-error";

export interface Directives {
  readonly escapeMark: string;
  /** How many lines at the beginning are directives. */
  readonly lines: number;
}

const names: readonly string[] = ["escape", "syntax", "check"];

/** The library takes more for a directive: `# escape x=…`, without a value, or indented. */
const form = /^#\s*[a-zA-Z][a-zA-Z0-9]*\s*=\s*\S/;

/**
 * `# escape=` and its like, which stand before everything else. `# syntax=` names a frontend; there is only this one.
 */
export function readDirectives(lines: readonly string[]): Directives {
  const first = lines.slice(0, names.length + 1);
  const others = first.findIndex((line) => !form.test(line));
  const head = others < 0 ? first : first.slice(0, others);
  let escapeMark = "\\";
  const seen = new Set<string>();
  for (const [index, directive] of loadParser().parse(head.join("\n")).getDirectives().entries()) {
    const key = directive.getName().toLowerCase();
    if (!names.includes(key)) break;
    if (seen.has(key)) throw syntaxError(index + 1, `only one ${key} parser directive can be used`);
    seen.add(key);
    if (key !== "escape") continue;
    // The library's value ends at a blank.
    const value = (head[index] ?? "").slice(directive.getValueRange().start.character).trim();
    if (value !== "\\" && value !== "`") throw syntaxError(index + 1, `invalid ESCAPE "${value}": must be \` or \\`);
    escapeMark = value;
  }
  return { escapeMark, lines: seen.size };
}
