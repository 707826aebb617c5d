import { nearestWord } from "../../internal/nearest-word";
import { faultIn } from "./fault";
import type { MapNode, Node, ScalarNode } from "./node";
import type { EitherShape, MapShape, RecordShape, Shape, ValueShape } from "./shape";
import { durationMs, sizeBytes } from "./units";

/**
 * Plain data of a node that has the shape: `"true"` becomes true, `64m` a number of bytes. A key without a value is as
 * good as none. Throws `compose-file-invalid` with file, line and key.
 */
export function readShape(node: Node, shape: Shape, path: readonly string[] = []): unknown {
  if (node.tag === "reset") return undefined;
  switch (shape.is) {
    case "value":
      return node.kind === "scalar" ? readValue(node, shape, path) : wrongType(node, nameOf(shape), path);
    case "list":
      if (node.kind !== "list") return wrongType(node, "a list", path);
      return node.items.map((item, index) => readShape(item, shape.item, [...path, String(index)]));
    case "map":
      return node.kind === "map" ? readMap(node, shape, path) : wrongType(node, "a mapping", path);
    case "record":
      return node.kind === "map" ? readRecord(node, shape, path) : wrongType(node, "a mapping", path);
    case "either":
      return readEither(node, shape, path);
    case "refused":
      throw faultIn({ at: node.at, key: path.join("."), message: `it is not supported: ${shape.reason}` });
  }
}

function readEither(node: Node, shape: EitherShape, path: readonly string[]): unknown {
  const chosen = shape[node.kind];
  if (chosen !== undefined) return readShape(node, chosen, path);
  const names = [shape.scalar && "a text", shape.list && "a list", shape.map && "a mapping"];
  return wrongType(node, names.filter((name) => name !== undefined).join(" or "), path);
}

function readRecord(node: MapNode, { fields, required }: RecordShape, path: readonly string[]): unknown {
  const result: Record<string, unknown> = {};
  for (const [key, child] of node.entries) {
    if (key.startsWith("x-")) continue;
    const shape = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (shape === undefined) throw unknownKey(child, [...path, key], Object.keys(fields));
    if (isAbsent(child)) continue;
    result[key] = readShape(child, shape, [...path, key]);
  }
  for (const key of required) {
    if (Object.hasOwn(result, key) || node.entries.get(key)?.tag === "reset") continue;
    throw faultIn({ at: node.at, key: path.join("."), message: `it needs the key ${key}` });
  }
  return result;
}

function readMap(node: MapNode, shape: MapShape, path: readonly string[]): unknown {
  const result: Record<string, unknown> = {};
  for (const [key, child] of node.entries) {
    if (key === "") throw faultIn({ at: child.at, key: path.join("."), message: "a name must not be empty" });
    if (shape.keyPattern !== undefined && !shape.keyPattern.test(key)) {
      throw faultIn({
        at: child.at,
        key: [...path, key].join("."),
        message: "a name is made of letters, digits, . _ -",
      });
    }
    if (child.tag === "reset") continue;
    // `default:` alone is a mapping without keys, where a mapping may be.
    const isBare = isAbsent(child) && (shape.value.is === "record" || (shape.value.is === "either" && shape.value.map));
    result[key] = isBare ? {} : readShape(child, shape.value, [...path, key]);
  }
  return result;
}

function isAbsent(node: Node): boolean {
  return node.tag === "reset" || (node.kind === "scalar" && node.value === null);
}

function readValue(node: ScalarNode, shape: ValueShape, path: readonly string[]): unknown {
  const value = valueAs(node, shape);
  if (value === undefined) return wrongType(node, nameOf(shape), path);
  if (shape.words !== undefined && !shape.words.includes(String(value))) {
    throw faultIn({ at: node.at, key: path.join("."), message: `it is ${shape.words.join(", ")}, not "${value}"` });
  }
  if (shape.pattern?.test(String(value)) === false) return wrongType(node, nameOf(shape), path);
  return value;
}

function valueAs(node: ScalarNode, { kind }: ValueShape): unknown {
  const { value } = node;
  if (kind === "value") return value;
  if (value === null) return undefined;
  switch (kind) {
    case "text":
      return typeof value === "string" ? value : undefined;
    case "text or number":
      return typeof value === "boolean" ? undefined : value;
    case "number":
    case "integer": {
      const amount = typeof value === "boolean" || value === "" ? Number.NaN : Number(value);
      return Number.isFinite(amount) && (kind === "number" || Number.isInteger(amount)) ? amount : undefined;
    }
    case "boolean":
      return booleanOf(value);
    case "duration":
      return typeof value === "string" && durationMs(value) !== undefined ? value : undefined;
    case "size":
      return typeof value === "boolean" ? undefined : sizeBytes(value);
    case "mode":
      return modeOf(node);
  }
}

/** The words of YAML 1.1, which compose files were first written in. */
function booleanOf(value: string | number | boolean): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (/^(true|yes|on|y|1)$/i.test(String(value))) return true;
  return /^(false|no|off|n|0)$/i.test(String(value)) ? false : undefined;
}

/** `0440`, `0o440` and `"440"` are octal; the number 288 is what it is. */
function modeOf({ value, text = String(value) }: ScalarNode): number | undefined {
  if (typeof value === "number" && !/^0o?[0-7]+$/.test(text)) return Number.isInteger(value) ? value : undefined;
  const digits = /^(?:0o?)?([0-7]{1,5})$/.exec(text)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}

function nameOf({ kind, wanted }: ValueShape): string {
  const names: Readonly<Record<ValueShape["kind"], string>> = {
    text: "a text",
    "text or number": "a text or a number",
    number: "a number",
    integer: "a whole number",
    boolean: "true or false",
    duration: "a duration such as 1m30s",
    size: "a size such as 64m",
    mode: "a file mode such as 0440",
    value: "a single value",
  };
  return wanted ?? names[kind];
}

function wrongType(node: Node, wanted: string, path: readonly string[]): never {
  const found = node.kind === "scalar" ? JSON.stringify(node.value) : `a ${node.kind === "map" ? "mapping" : "list"}`;
  throw faultIn({ at: node.at, key: path.join("."), message: `it must be ${wanted}, not ${found}` });
}

function unknownKey(node: Node, path: readonly string[], known: readonly string[]): Error {
  const key = path.at(-1) ?? "";
  const nearest = nearestWord(key, known);
  const hint = nearest === undefined ? "" : `; did you mean "${nearest}"?`;
  return faultIn({ at: node.at, key: path.join("."), message: `the compose specification has no such key${hint}` });
}
