import type { Instruction } from "dockerfile-ast";
import { shapeOf } from "./line-shape";
import { loadParser } from "./load-parser";

/** Of the library, which does not export it. */
type Range = ReturnType<Instruction["getRange"]>;

/** An instruction as it stands in the file, its continued lines joined. */
export interface CutInstruction {
  /** Of its first line, from 0. */
  readonly line: number;
  readonly keyword: string;
  readonly rest: string;
  /** The line after its last one, from 0. */
  readonly next: number;
}

/** Lines to read at first, twice as many each time; more than the most only for a longer instruction. */
const firstWindow = 4;
const mostLines = 256;

/**
 * Cuts lines into instructions by `dockerfile-ast`. It is given a window of them at a time: whoever finds heredocs
 * moves the cutter behind them, and the library sorts comments into stages in a way that takes the square of their
 * number.
 */
export class InstructionCutter {
  readonly #lines: readonly string[];
  readonly #shape: readonly string[];
  readonly #escapeMark: string;
  #next: number;
  #window = firstWindow;
  #found: CutInstruction[] = [];

  constructor(lines: readonly string[], escapeMark: string, first: number) {
    this.#lines = lines;
    this.#shape = shapeOf(lines, escapeMark);
    this.#escapeMark = escapeMark;
    this.#next = first;
  }

  /** Undefined at the end. */
  read(): CutInstruction | undefined {
    while (this.#found.length === 0 && this.#next < this.#lines.length) this.#readWindow();
    return this.#found.shift();
  }

  /** What follows is read from this line on. */
  moveTo(line: number): void {
    this.#next = line;
    this.#found = [];
    this.#window = firstWindow;
  }

  #readWindow(): void {
    const first = this.#next;
    const end = first + this.#window;
    const isLast = end >= this.#lines.length;
    const head = this.#escapeMark === "\\" ? "" : `# escape=${this.#escapeMark}\n`;
    const base = head === "" ? first : first - 1;
    const window = loadParser().parse(`${head}${this.#shape.slice(first, end).join("\n")}\n`);
    const found = window.getInstructions().map((instruction) => this.#cut(instruction, base));
    // One that reaches the end of the window may go on behind it.
    const whole = isLast ? found : found.filter(({ next }) => next < end);
    this.#found = whole;
    this.#window = found.length > 0 && whole.length === 0 ? this.#window * 2 : Math.min(this.#window * 2, mostLines);
    if (isLast) this.#next = this.#lines.length;
    else if (found.length === 0) this.#next = end;
    else this.#next = whole.at(-1)?.next ?? first;
  }

  #cut(instruction: Instruction, base: number): CutInstruction {
    const { start, end } = instruction.getRange();
    const argumentsRange = instruction.getArgumentsRange();
    return {
      line: base + start.line,
      keyword: this.#textOf(instruction.getInstructionRange(), base),
      rest: argumentsRange === null ? "" : this.#textOf(argumentsRange, base).trim(),
      next: base + end.line + 1,
    };
  }

  /**
   * Of the file itself, without its comments and the marks that continue lines. The library's own `getArgumentsContent`
   * loses lines of one letter.
   */
  #textOf({ start, end }: Range, base: number): string {
    let text = "";
    for (let line = start.line; line <= end.line; line++) {
      const shape = this.#shape[base + line] ?? "";
      if (shape.startsWith("#")) continue;
      const whole = shape.endsWith(this.#escapeMark) ? shape.length - 1 : shape.length;
      const from = line === start.line ? start.character : 0;
      text += (this.#lines[base + line] ?? "").slice(from, line === end.line ? end.character : whole);
    }
    return text;
  }
}
