/** One line of a progress answer (pull, load, build). Docker's own keys; further keys are possible. */
export interface ProgressLine {
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly progress?: string;
  readonly stream?: string;
  readonly aux?: unknown;
  readonly error?: string;
  readonly errorDetail?: { readonly message: string; readonly code?: number };
  /** Ours: the error's code in the table of errors. */
  readonly errorCode?: string;
  /** Ours: facts for programs. */
  readonly errorEvidence?: Readonly<Record<string, unknown>>;
}

/** Progress lines end with CR LF, as the daemon's do; one JSON per line. */
export function encodeProgress(line: ProgressLine): string {
  return `${JSON.stringify(line)}\r\n`;
}

/**
 * An error after the first line cannot change the status any more. Old clients read `error`, new ones `errorDetail`.
 */
export function progressError(message: string, code?: number): ProgressLine {
  return { errorDetail: code === undefined ? { message } : { message, code }, error: message };
}

/** Docker's bar: `[=====>      ]  1.2MB/3.4MB`. */
export function progressBar(current: number, total: number): string {
  const width = 50;
  if (total <= 0) return formatBytes(current).padStart(8);
  const done = Math.min(width, Math.floor((current / total) * width));
  const bar = `${"=".repeat(done)}>${" ".repeat(width - done)}`;
  return `[${bar}]  ${formatBytes(current)}/${formatBytes(total)}`;
}

/** Decimal units and four significant digits, as Docker prints sizes. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${Number(value.toPrecision(4))}${units[unit]}`;
}
