import { messageOf, RuncibleError } from "../../internal/errors";
import { isRepositoryLocation } from "../image/reference";
import { toml } from "./toml";

/** Where images come from whose names begin with a prefix: a `[[registry]]` of containers-registries.conf(5). */
export interface RegistryRule {
  /** Begins with `*.` for all hosts below a domain. */
  readonly prefix: string;
  /** What stands there in place of the prefix: a host, or a host and a path. Undefined: what the prefix matched. */
  readonly location: string | undefined;
  readonly isInsecure: boolean;
  readonly isBlocked: boolean;
  /** Tried in order before the location. */
  readonly mirrors: readonly MirrorRule[];
  /** The file that says so. */
  readonly file: string;
}

export interface MirrorRule {
  readonly location: string;
  readonly isInsecure: boolean;
  readonly pulls: MirrorUse;
}

/** Which names are looked for at a mirror. */
export type MirrorUse = "all" | "digest-only" | "tag-only";

const mirrorUses: readonly MirrorUse[] = ["all", "digest-only", "tag-only"];

type Fields = Readonly<Record<string, unknown>>;

/**
 * The rules of one file, version 2. What concerns other programs (`unqualified-search-registries`,
 * `credential-helpers`, `aliases`) is passed over: a name without a registry is Docker Hub's here. Throws
 * `registries-conf-invalid`.
 */
export function parseRegistriesConf(text: string, file: string): readonly RegistryRule[] {
  const fields = parse(text, file);
  if ("registries" in fields) {
    throw invalid(file, 'its form is version 1 ("[registries.…]"); write a [[registry]] for each instead');
  }
  return tablesOf(fields["registry"], file, "registry").map((table, index) => {
    const where = `${file}: ${placeOf(text, index)}`;
    return ruleOf(table, file, (reason) => invalid(where, reason));
  });
}

function parse(text: string, file: string): Fields {
  const { parse: parseToml, TomlError } = toml();
  try {
    return parseToml(text);
  } catch (cause) {
    // The first line of its message is the reason, the rest a drawing.
    const reason = messageOf(cause).split("\n", 1)[0] ?? "";
    const line = cause instanceof TomlError ? `line ${cause.line}, column ${cause.column}: ` : "";
    throw invalid(file, line + reason.replace(/^Invalid TOML document: /, ""), cause);
  }
}

type Refuse = (reason: string) => RuncibleError;

function ruleOf(table: Fields, file: string, refuse: Refuse): RegistryRule {
  const location = textOf(table, "location", refuse);
  const prefix = textOf(table, "prefix", refuse) ?? location;
  if (prefix === undefined) throw refuse("it has neither prefix nor location");
  if (location !== undefined) checkLocation(location, refuse);
  const named = withoutTag(prefix, refuse);
  const isByDigest = flagOf(table, "mirror-by-digest-only", refuse);
  const mirrors = tablesOf(table["mirror"], file, "registry.mirror").map((mirror) =>
    mirrorOf(mirror, isByDigest, refuse),
  );
  return {
    ...{ prefix, mirrors, file },
    location: location ?? (prefix.startsWith("*.") ? undefined : named),
    isInsecure: flagOf(table, "insecure", refuse),
    isBlocked: flagOf(table, "blocked", refuse),
  };
}

function mirrorOf(table: Fields, isByDigest: boolean, refuse: Refuse): MirrorRule {
  const location = textOf(table, "location", refuse);
  if (location === undefined) throw refuse("a mirror of it has no location");
  checkLocation(location, refuse);
  const asked = textOf(table, "pull-from-mirror", refuse);
  const pulls = mirrorUses.find((use) => use === (asked ?? (isByDigest ? "digest-only" : "all")));
  if (pulls === undefined) throw refuse(`pull-from-mirror "${asked}" is none of ${mirrorUses.join(", ")}`);
  if (asked !== undefined && isByDigest) throw refuse("it has mirror-by-digest-only and pull-from-mirror at once");
  return { location, isInsecure: flagOf(table, "insecure", refuse), pulls };
}

/** A prefix may be a whole name, with its tag or digest. */
function withoutTag(prefix: string, refuse: Refuse): string {
  // What looks like a tag behind a host alone is its port.
  const name = prefix.replace(/^\*\./, "").replace(/(?<=\/[^/@]*)(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?$/, "");
  if (isRepositoryLocation(name)) return name;
  throw refuse(`prefix "${withoutPassword(prefix)}" is no beginning of an image name; write host[:port][/path]`);
}

function checkLocation(location: string, refuse: Refuse): void {
  if (/^\w+:\/\//.test(location)) {
    throw refuse(
      `location "${withoutPassword(location)}" has a scheme; write host[:port][/path], and insecure = true for plain http`,
    );
  }
  if (isRepositoryLocation(location)) return;
  throw refuse(`location "${withoutPassword(location)}" is no place in a registry; write host[:port][/path]`);
}

/** Somebody may have written a URL with one, and errors are logged and shown. */
function withoutPassword(text: string): string {
  return text.replace(/^(\w+:\/\/)?[^/]*:[^/]*@(?!sha256:)/, "$1…@");
}

function textOf(table: Fields, key: string, refuse: Refuse): string | undefined {
  const value = table[key];
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw refuse(`${key} is no string`);
  // As in other programs, a slash at the end means nothing.
  const text = value.trim().replace(/\/+$/, "");
  return text === "" ? undefined : text;
}

function flagOf(table: Fields, key: string, refuse: Refuse): boolean {
  const value = table[key] ?? false;
  if (typeof value !== "boolean") throw refuse(`${key} is neither true nor false`);
  return value;
}

function tablesOf(value: unknown, file: string, name: string): readonly Fields[] {
  if (value === undefined) return [];
  const isTable = (item: unknown): item is Fields => typeof item === "object" && item !== null && !Array.isArray(item);
  if (Array.isArray(value) && value.every(isTable)) return value;
  throw invalid(file, `"${name}" is no list of tables; write [[${name}]]`);
}

/** The parser keeps no positions; the line of the header does, where there is one for each table. */
function placeOf(text: string, index: number): string {
  const lines = text.split("\n").flatMap((line, at) => (/^\s*\[\[\s*registry\s*\]\]/.test(line) ? [at + 1] : []));
  return lines[index] === undefined ? `registry ${index + 1}` : `registry of line ${lines[index]}`;
}

function invalid(where: string, reason: string, cause?: unknown): RuncibleError {
  return new RuncibleError("registries-conf-invalid", `read ${where}: ${reason}`, { cause });
}
