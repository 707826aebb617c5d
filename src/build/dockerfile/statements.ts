import { type Directives, readDirectives } from "./directives";
import { heredocsOf, type PendingHeredoc } from "./heredoc";
import type { Heredoc } from "./instruction";
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
  const reader: Reader = { file, lines, next: directives.lines, directives };
  const statements: Statement[] = [];
  while (reader.next < lines.length) {
    const statement = nextStatement(reader);
    if (statement !== undefined) statements.push(statement);
  }
  return { escapeMark: directives.escapeMark, statements };
}

interface Reader {
  readonly file: string;
  readonly lines: readonly string[];
  next: number;
  readonly directives: Directives;
}

function nextStatement(reader: Reader): Statement | undefined {
  const line = reader.next + 1;
  const text = joinedLine(reader);
  if (text === undefined) return undefined;
  const [, word = "", rest = ""] = /^(\S+)\s*(.*)$/s.exec(text.trim()) ?? [];
  const pending = takesHeredocs.test(text) ? heredocsOf(text, reader.directives.escapeMark) : [];
  const heredocs = inPlace(reader.file, { line, text: text.trim() }, () =>
    pending.map((heredoc) => readHeredoc(reader, heredoc, line)),
  );
  return { line, keyword: word.toUpperCase(), rest: rest.trim(), heredocs };
}

/** Undefined for a comment or an empty line. */
function joinedLine(reader: Reader): string | undefined {
  const { lines, directives } = reader;
  const first = lines[reader.next] ?? "";
  reader.next += 1;
  if (isBlankOrComment(first)) return undefined;
  let { text, continues } = cutContinuation(first.trimStart(), directives.escapeMark);
  while (continues && reader.next < lines.length) {
    const line = lines[reader.next] ?? "";
    reader.next += 1;
    // Inside an instruction too, comments and empty lines are as if they were not there.
    if (isBlankOrComment(line)) continue;
    const cut = cutContinuation(line, directives.escapeMark);
    text += cut.text;
    continues = cut.continues;
  }
  return text.trim() === "" ? undefined : text;
}

function isBlankOrComment(line: string): boolean {
  return /^\s*(#|$)/.test(line);
}

/** An escape character at the end of a line, unless it is escaped itself. */
function cutContinuation(line: string, escapeMark: string): { readonly text: string; readonly continues: boolean } {
  const trimmed = line.trimEnd();
  if (!trimmed.endsWith(escapeMark) || trimmed.at(-2) === escapeMark) return { text: line, continues: false };
  return { text: trimmed.slice(0, -1), continues: true };
}

function readHeredoc(reader: Reader, { name, stripsTabs, expands }: PendingHeredoc, line: number): Heredoc {
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
