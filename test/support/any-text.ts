import fc from "fast-check";

/**
 * Any characters, but no lone half of a pair. fast-check's own `unit: "binary"` is the same, and builds a table of all
 * million of them first, which takes seconds.
 */
export function anyText(maxLength = 10): fc.Arbitrary<string> {
  const codePoint = fc.nat({ max: 0x10ffff }).filter((code) => code < 0xd800 || code > 0xdfff);
  return fc.array(codePoint, { maxLength }).map((codes) => String.fromCodePoint(...codes));
}
