/** A line of /proc/<pid>/mountinfo. */
export interface MountInfo {
  /** What of the file system is mounted: a path in it. */
  readonly root: string;
  /** The mount point. */
  readonly target: string;
  /** Of the mount: `rw`, `nosuid`. */
  readonly options: readonly string[];
  readonly type: string;
  readonly superOptions: readonly string[];
}

/** proc(5), mountinfo. */
export function parseMountInfo(text: string): readonly MountInfo[] {
  return text.split("\n").flatMap((line) => {
    const [before, after] = line.split(" - ", 2);
    const [, , , root, target, options] = before?.split(" ") ?? [];
    const [type, , superOptions] = after?.split(" ") ?? [];
    if (root === undefined || target === undefined || type === undefined) return [];
    return [
      {
        root: decodeOctal(root),
        target: decodeOctal(target),
        options: options?.split(",") ?? [],
        type,
        superOptions: superOptions?.split(",") ?? [],
      },
    ];
  });
}

/** The kernel writes blanks and the like as `\040`. */
function decodeOctal(text: string): string {
  return text.replace(/\\(\d{3})/g, (_match, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
