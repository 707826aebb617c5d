import { posix } from "node:path";
import { RuncibleError } from "../../internal/errors";

/** Whether a path, relative to the context and without a leading slash, is left out. */
export interface IgnoreRules {
  ignores(path: string): boolean;
  /** A pattern with `!` may bring back what lies in an ignored folder. */
  readonly hasExceptions: boolean;
}

interface Pattern {
  readonly expression: RegExp;
  readonly isException: boolean;
}

/** The rules of a .dockerignore file: the last pattern that fits a path, or a folder above it, decides. */
export function parseIgnoreFile(text: string): IgnoreRules {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  return ignoreRules(lines.filter((line) => !line.startsWith("#")).map(fromTop));
}

/** In such a file a leading slash is the context itself. */
function fromTop(line: string): string {
  const [, mark = "", text = ""] = /^\s*(!?)\s*(.*)$/s.exec(line) ?? [];
  return `${mark}${text.startsWith("/") ? posix.normalize(text).replace(/^\/+(?=.)/, "") : text}`;
}

/**
 * What begins with a slash fits nothing, as with `--exclude` of Docker. Throws `invalid-argument` for a pattern that is
 * none.
 */
export function ignoreRules(lines: readonly string[]): IgnoreRules {
  const patterns = lines.flatMap(patternOf);
  return {
    hasExceptions: patterns.some(({ isException }) => isException),
    ignores: (path) => {
      const candidates = withParents(path);
      let isIgnored = false;
      for (const { expression, isException } of patterns) {
        // Only a pattern that would change the answer is looked at.
        if (isException === isIgnored && candidates.some((candidate) => expression.test(candidate))) {
          isIgnored = !isException;
        }
      }
      return isIgnored;
    },
  };
}

function patternOf(line: string): readonly Pattern[] {
  const trimmed = line.trim();
  const isException = trimmed.startsWith("!");
  const text = isException ? trimmed.slice(1).trim() : trimmed;
  if (text === "") {
    if (isException) throw new RuncibleError("invalid-argument", 'illegal exclusion pattern: "!"');
    return [];
  }
  const clean = posix.normalize(text).replace(/\/+$/, "");
  return clean === "" || clean === "." ? [] : [{ expression: globExpression(clean), isException }];
}

function withParents(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** `*` and `?` stay within a name, `**` goes through any number of folders. Throws `invalid-argument`. */
export function globExpression(glob: string): RegExp {
  let out = "";
  for (let index = 0; index < glob.length; index++) {
    const character = glob[index] ?? "";
    if (character === "*" && glob[index + 1] === "*") {
      index += 1;
      if (glob[index + 1] === "/") index += 1;
      out += index + 1 >= glob.length ? ".*" : "(?:.*/)?";
    } else if (character === "*") out += "[^/]*";
    else if (character === "?") out += "[^/]";
    else if (character === "\\" && index + 1 < glob.length) {
      index += 1;
      out += escapeCharacter(glob[index] ?? "");
    } else if (character === "[") {
      const end = glob.indexOf("]", index + 2);
      if (end < 0) throw new RuncibleError("invalid-argument", `syntax error in pattern "${glob}": "]" lacks`);
      out += characterClass(glob.slice(index + 1, end));
      index = end;
    } else out += escapeCharacter(character);
  }
  return new RegExp(`^${out}$`, "su");
}

function characterClass(inside: string): string {
  const isNegated = inside.startsWith("^");
  const set = (isNegated ? inside.slice(1) : inside).replace(/[[\]\\/^]/g, "\\$&");
  return isNegated ? `[^/${set}]` : `[${set}]`;
}

function escapeCharacter(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
