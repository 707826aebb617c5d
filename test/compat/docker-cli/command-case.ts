/** Command lines that are run on our engine and on a real dockerd, each from an empty daemon with the image `bb`. */
export interface CommandCase {
  readonly what: string;
  /**
   * Shell lines; their output and exit codes are compared. `docker` is the real client on the one daemon or the other.
   */
  readonly lines: readonly string[];
  /** Written to the folder that the lines run in. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Short form for tables. */
export function commands(what: string, ...lines: readonly string[]): CommandCase {
  return { what, lines };
}
