/** One table of docs/benchmarks.md. */
export interface Section {
  readonly title: string;
  /** What exactly was measured. */
  readonly note: string;
  /** Made by `row`. */
  readonly rows: readonly string[];
}
