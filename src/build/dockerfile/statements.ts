import { readDirectives } from "./directives";
import { heredocsOf, type PendingHeredoc } from "./heredoc";
import type { Heredoc } from "./instruction";
import { type CutInstruction, InstructionCutter } from "./instruction-cutter";
import { inPlace } from "./placed-error";
import { syntaxError } from "./syntax-error";

/** An instruction before it is understood: its word, and the rest with its continued lines joined. */
export interface Statement {
  /** Of its first line, from 1. */
  readonly line: number;
  /** Upper case. */
  readonly keyword: string;
  readonly rest: string;
  readonly heredocs: readonly Heredoc[];
}

const takesHeredocs = /^(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\s/i;

/** Cuts a Dockerfile into statements: comments and empty lines go, `\` joins lines, heredocs are collected. */
export function readStatements(
  text: string,
  file: string,
): {
  readonly escapeMark: string;
  readonly statements: readonly Statement[];
} {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const directives = readDirectives(lines);
  const cutter = new InstructionCutter(lines, directives.escapeMark, directives.lines);
  const statements: Statement[] = [];
  for (let cut = cutter.read(); cut !== undefined; cut = cutter.read()) {
    const { heredocs, next } = readHeredocs(cut, { file, lines, escapeMark: directives.escapeMark });
    if (heredocs.length > 0) cutter.moveTo(next);
    statements.push({ line: cut.line + 1, keyword: cut.keyword.toUpperCase(), rest: cut.rest, heredocs });
  }
  return { escapeMark: directives.escapeMark, statements };
}

interface Source {
  readonly file: string;
  readonly lines: readonly string[];
  readonly escapeMark: string;
}

interface FoundHeredocs {
  readonly heredocs: readonly Heredoc[];
  /** The line after the last one, from 0. */
  readonly next: number;
}

/** The heredocs that follow an instruction, as many as it announces. */
function readHeredocs({ line, keyword, rest, next }: CutInstruction, source: Source): FoundHeredocs {
  const text = `${keyword} ${rest}`;
  const pending = takesHeredocs.test(text) ? heredocsOf(text, source.escapeMark) : [];
  const reader = { lines: source.lines, next };
  const heredocs = inPlace(source.file, { line: line + 1, text: text.trim() }, () =>
    pending.map((heredoc) => readHeredoc(reader, heredoc, line + 1)),
  );
  return { heredocs, next: reader.next };
}

function readHeredoc(
  reader: { readonly lines: readonly string[]; next: number },
  { name, stripsTabs, expands }: PendingHeredoc,
  line: number,
): Heredoc {
  let content = "";
  while (reader.next < reader.lines.length) {
    const raw = reader.lines[reader.next] ?? "";
    const text = stripsTabs ? raw.replace(/^\t+/, "") : raw;
    reader.next += 1;
    if (text === name) return { name, content, stripsTabs, expands };
    content += `${text}\n`;
  }
  throw syntaxError(line, `unterminated heredoc: no line "${name}" follows`);
}
