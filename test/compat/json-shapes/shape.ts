/**
 * Paths of a JSON value with what is there: `HostConfig.Memory` to `number`. Items of lists count as one,
 * `Mounts[].Name`.
 */
export type Shape = ReadonlyMap<string, string>;

/** Maps whose keys are data. */
const maps =
  /(^|\.)(Labels|Containers|Networks|Ports|ExposedPorts|PortBindings|Volumes|Options|Attributes|Runtimes|Tmpfs|networks|stats|Sysctls)$/;

/** Pure. */
export function shapeOf(value: unknown): Shape {
  const shape = new Map<string, string>();
  collect(value, "", shape);
  return shape;
}

function collect(value: unknown, path: string, shape: Map<string, string>): void {
  if (Array.isArray(value)) {
    note(shape, path, "list");
    for (const item of value) collect(item, `${path}[]`, shape);
  } else if (value !== null && typeof value === "object") {
    note(shape, path, "object");
    for (const [key, member] of Object.entries(value)) {
      const name = maps.test(path) ? "*" : key;
      collect(member, path === "" ? name : `${path}.${name}`, shape);
    }
  } else {
    note(shape, path, value === null ? "null" : typeof value);
  }
}

function note(shape: Map<string, string>, path: string, type: string): void {
  const known = shape.get(path);
  if (known === undefined || known === "null") shape.set(path, type);
}

export interface ShapeDifference {
  readonly missing: readonly string[];
  readonly added: readonly string[];
  /** `path: ours is a text, theirs a number`. A null fits a list or an object, which Go does not tell apart. */
  readonly changed: readonly string[];
}

/** Pure. */
export function differenceOf(ours: Shape, theirs: Shape): ShapeDifference {
  const isBelow = (path: string, parents: readonly string[]): boolean =>
    parents.some((parent) => path !== parent && (path.startsWith(`${parent}.`) || path.startsWith(`${parent}[]`)));
  const outermost = (paths: readonly string[]): readonly string[] =>
    paths.filter((path) => !isBelow(path, paths)).sort();
  return {
    missing: outermost([...theirs.keys()].filter((path) => !ours.has(path))),
    added: outermost([...ours.keys()].filter((path) => !theirs.has(path))),
    changed: [...ours].flatMap(([path, type]) => {
      const other = theirs.get(path);
      return other === undefined || other === type || type === "null" || other === "null"
        ? []
        : [`${path}: ours is ${type}, Docker's ${other}`];
    }),
  };
}
