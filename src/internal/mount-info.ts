/** A line of /proc/<pid>/mountinfo. */
export interface MountInfo {
  /** The mount point. */
  readonly target: string;
  readonly type: string;
  readonly superOptions: readonly string[];
}

/** proc(5), mountinfo. */
export function parseMountInfo(text: string): readonly MountInfo[] {
  return text.split("\n").flatMap((line) => {
    const [before, after] = line.split(" - ", 2);
    const target = before?.split(" ")[4];
    const [type, , options] = after?.split(" ") ?? [];
    if (target === undefined || type === undefined) return [];
    return [{ target: decodeOctal(target), type, superOptions: options?.split(",") ?? [] }];
  });
}

/** The kernel writes blanks and the like as `\040`. */
function decodeOctal(text: string): string {
  return text.replace(/\\(\d{3})/g, (_match, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
