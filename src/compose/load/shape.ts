/** What may stand at a place of a compose file. The tables of `compose-shape.ts` are made of these. */
export type Shape = ValueShape | ListShape | MapShape | RecordShape | EitherShape | RefusedShape;

export type ValueKind =
  | "text"
  | "text or number"
  | "number"
  | "integer"
  | "boolean"
  | "duration"
  | "size"
  | "mode"
  | "value";

export interface ValueShape {
  readonly is: "value";
  readonly kind: ValueKind;
  /** The only texts that are allowed. */
  readonly words?: readonly string[];
  /** What a text must look like, and how that is told. */
  readonly pattern?: RegExp;
  readonly wanted?: string;
}

export interface ListShape {
  readonly is: "list";
  readonly item: Shape;
}

export interface MapShape {
  readonly is: "map";
  readonly value: Shape;
  readonly keyPattern?: RegExp;
}

/** Known keys, and `x-…`, which is left alone. */
export interface RecordShape {
  readonly is: "record";
  readonly fields: Readonly<Record<string, Shape>>;
  readonly required: readonly string[];
}

/** One shape per kind of node: the short form of a key is a scalar, its long form a list or mapping. */
export interface EitherShape {
  readonly is: "either";
  readonly scalar?: Shape;
  readonly list?: Shape;
  readonly map?: Shape;
}

/** A key of the specification that is left out, with the sentence that says so. */
export interface RefusedShape {
  readonly is: "refused";
  readonly reason: string;
}

const value = (kind: ValueKind): ValueShape => ({ is: "value", kind });

export const text: ValueShape = value("text");
export const textOrNumber: ValueShape = value("text or number");
export const number: ValueShape = value("number");
export const integer: ValueShape = value("integer");
export const boolean: ValueShape = value("boolean");
export const duration: ValueShape = value("duration");
export const size: ValueShape = value("size");
export const fileMode: ValueShape = value("mode");
/** Text, number, boolean or nothing. */
export const anyValue: ValueShape = value("value");

export function oneOf(...words: readonly string[]): ValueShape {
  return { is: "value", kind: "text", words };
}

export function textLike(pattern: RegExp, wanted: string): ValueShape {
  return { is: "value", kind: "text", pattern, wanted };
}

export function listOf(item: Shape): ListShape {
  return { is: "list", item };
}

export function mapOf(shape: Shape, keyPattern?: RegExp): MapShape {
  return { is: "map", value: shape, ...(keyPattern === undefined ? {} : { keyPattern }) };
}

export function record(fields: Readonly<Record<string, Shape>>, ...required: readonly string[]): RecordShape {
  return { is: "record", fields, required };
}

export function either(shapes: Omit<EitherShape, "is">): EitherShape {
  return { is: "either", ...shapes };
}

export function refused(reason: string): RefusedShape {
  return { is: "refused", reason };
}

export const textOrList: EitherShape = either({ scalar: text, list: listOf(text) });
/** `KEY=value` lines, or a mapping. */
export const listOrMap: EitherShape = either({ list: listOf(text), map: mapOf(anyValue) });
