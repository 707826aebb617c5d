import { RuncibleError } from "../../internal/errors";

/** `RUN --mount=…`, taken apart. */
export interface MountFlag {
  readonly type: "bind" | "cache" | "tmpfs" | "secret" | "ssh";
  readonly target?: string;
  readonly source?: string;
  readonly from?: string;
  readonly id?: string;
  readonly sharing: "shared" | "private" | "locked";
  readonly isReadOnly?: boolean;
  readonly isRequired: boolean;
  /** Of a secret: the variable that gets its value. */
  readonly variable?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly sizeBytes?: number;
}

const types = ["bind", "cache", "tmpfs", "secret", "ssh"] as const;
const sharings = ["shared", "private", "locked"] as const;
const units: Readonly<Record<string, number>> = { "": 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Throws `invalid-argument`. */
export function parseMount(text: string): MountFlag {
  const fields = new Map(text.split(",").map(fieldOf));
  const pick = (...names: readonly string[]): string | undefined =>
    names.map((name) => fields.get(name)).find((value) => value !== undefined);
  const number = (name: string, radix: number): number | undefined => {
    const value = fields.get(name);
    if (value === undefined) return undefined;
    if (!/^\d+$/.test(value)) throw invalid(text, `${name} is no number`);
    return Number.parseInt(value, radix);
  };
  const unknown = [...fields.keys()].find((name) => !known.has(name));
  if (unknown !== undefined) throw invalid(text, `unexpected key '${unknown}'`);
  const type = oneOf(text, types, pick("type") ?? "bind");
  const misplaced = [...fields.keys()].find((name) => isMisplaced(name, type));
  if (misplaced !== undefined) throw invalid(text, `unexpected key '${misplaced}' for mount type '${type}'`);
  if (type === "secret" && fields.has("id") && pick("source", "src") !== undefined) {
    throw invalid(text, "a secret has an id or a source, not both");
  }
  const optional = {
    target: pick("target", "dst", "destination"),
    source: pick("source", "src"),
    from: pick("from"),
    id: pick("id"),
    variable: pick("env"),
    isReadOnly: readOnlyOf(fields),
    mode: number("mode", 8),
    uid: number("uid", 10),
    gid: number("gid", 10),
    sizeBytes: sizeOf(text, pick("size")),
  };
  return {
    type,
    sharing: oneOf(text, sharings, pick("sharing") ?? "shared"),
    isRequired: isTrue(pick("required")),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
}

const known: ReadonlySet<string> = new Set(
  "type target dst destination source src from id env mode uid gid size sharing required ro readonly rw readwrite".split(
    " ",
  ),
);

/** Keys that mean something for some types only; BuildKit refuses them with the others, too. */
const placed: Readonly<Record<string, readonly MountFlag["type"][]>> = {
  mode: ["cache", "secret", "ssh"],
  uid: ["cache", "secret", "ssh"],
  gid: ["cache", "secret", "ssh"],
  size: ["tmpfs"],
  sharing: ["cache"],
  required: ["secret", "ssh"],
  from: ["bind", "cache"],
};

function isMisplaced(name: string, type: MountFlag["type"]): boolean {
  return placed[name]?.includes(type) === false;
}

function fieldOf(field: string): readonly [string, string] {
  const equals = field.indexOf("=");
  return equals < 0
    ? [field.trim().toLowerCase(), "true"]
    : [field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1)];
}

function readOnlyOf(fields: ReadonlyMap<string, string>): boolean | undefined {
  const readOnly = fields.get("ro") ?? fields.get("readonly");
  if (readOnly !== undefined) return isTrue(readOnly);
  const writable = fields.get("rw") ?? fields.get("readwrite");
  return writable === undefined ? undefined : !isTrue(writable);
}

function isTrue(value: string | undefined): boolean {
  return value !== undefined && value !== "false" && value !== "0";
}

function sizeOf(text: string, size: string | undefined): number | undefined {
  if (size === undefined) return undefined;
  const [, amount = "", unit = ""] = /^(\d+)([bkmg]?)b?$/i.exec(size) ?? [];
  if (amount === "") throw invalid(text, "size is no number of bytes");
  return Number(amount) * (units[unit.toLowerCase()] ?? 1);
}

function oneOf<T extends string>(text: string, allowed: readonly T[], value: string): T {
  const found = allowed.find((name) => name === value);
  if (found === undefined) throw invalid(text, `"${value}" is none of ${allowed.join(", ")}`);
  return found;
}

function invalid(text: string, reason: string): RuncibleError {
  return new RuncibleError("invalid-argument", `invalid mount "${text}": ${reason}`);
}
