/** The last lines of a terminal, which are drawn anew in place; what is printed goes above them and stays. */
export interface LiveArea {
  print(line: string): void;
  /** Shows these lines in place of those before. */
  draw(lines: readonly string[]): void;
}

export interface Screen {
  readonly write: (text: string) => void;
  /** Undefined where the terminal does not say. */
  columns(): number | undefined;
}

export function createLiveArea({ write, columns }: Screen): LiveArea {
  let shown: readonly string[] = [];
  const fitted = (line: string): string => cut(line, (columns() ?? 80) - 1);
  // One write, so that no frame is seen half drawn.
  const replace = (printed: string, lines: readonly string[]): void => {
    const clear = shown.length === 0 ? "" : `\u001b[${shown.length}A\u001b[J`;
    shown = lines.map(fitted);
    write(clear + printed + shown.map((line) => `${line}\n`).join(""));
  };
  return {
    print: (line) => replace(`${line}\n`, shown),
    draw: (lines) => {
      if (lines.length > 0 || shown.length > 0) replace("", lines);
    },
  };
}

/** A line that wraps would take two rows, of which only one were cleared. */
function cut(line: string, columns: number): string {
  let width = 0;
  let text = "";
  for (const letter of line) {
    width += isWide(letter) ? 2 : 1;
    if (width > columns) return text;
    text += letter;
  }
  return text;
}

/** Letters of East Asia and emoji take two columns. */
function isWide(letter: string): boolean {
  return /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]|[\u{1f300}-\u{1faff}]/u.test(
    letter,
  );
}
