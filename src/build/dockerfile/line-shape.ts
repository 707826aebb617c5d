/**
 * What `dockerfile-ast` 0.7 gets to see: the shape of each line, with every character in its place and the arguments as
 * one word. It cuts by comments, continued lines and keywords; the text is then taken from the file itself. Where it
 * and BuildKit read a file otherwise, the shape says what BuildKit means:
 *
 * - `RUN a \\`: an escaped escape character at the end of a line joins nothing; the library joins the next line.
 * - `\#` at the beginning of a continued line is no comment; the library takes it for one, and its `getHeredocs` throws.
 * - An indented comment, or a line of blanks, among continued lines: the library counts it as text.
 * - A line with nothing but the escape character before an instruction: the library takes it for a keyword.
 * - `3<<EOF`, `<<EOF` within quotes and `<<` beside `<<-`: the library finds no heredoc, one that is none, and two that
 *   lose their tabs. So it sees none, and `readStatements` moves the cutter behind those there are.
 * - `--mount=source="a b"`: the library cuts a flag within its quotes, and arguments are without their flags.
 * - A carriage return within a line ends none, and form feeds and the like are blanks.
 */
export function shapeOf(lines: readonly string[], escapeMark: string): readonly string[] {
  let isContinued = false;
  return lines.map((line) => {
    if (/^\s*(#|$)/.test(line) || (!isContinued && line.trim() === escapeMark)) return "#".repeat(line.length);
    const text = line.trimEnd();
    isContinued = text.endsWith(escapeMark) && text.at(-2) !== escapeMark;
    const words = isContinued ? text.slice(0, -1) : text;
    const [keyword = ""] = /^\s*\S*\s*/.exec(words) ?? [];
    const shape = keyword.replace(/\s/g, " ").replace(/[^\w ]/g, "x") + "x".repeat(words.length - keyword.length);
    return isContinued ? shape + escapeMark : shape;
  });
}
