import { expect, test } from "vitest";
import { createKeyWatch } from "../../../../src/engine/containers/key-watch";

/** What is passed on of each piece, and what is left at the end; `!` stands for the keys. */
function watched(keys: string, ...pieces: readonly string[]): readonly string[] {
  const watch = createKeyWatch(Buffer.from(keys));
  const passed = pieces.map((piece) => {
    const { passed, isTyped } = watch.next(Buffer.from(piece));
    return Buffer.from(passed).toString() + (isTyped ? "!" : "");
  });
  return [...passed, Buffer.from(watch.held()).toString()];
}

test.each([
  ["others pass", ["hello", "world"], ["hello", "world", ""]],
  ["in one piece, with text before and after", ["textpqmore"], ["text!", ""]],
  ["key by key", ["p", "q"], ["", "!", ""]],
  ["begun and not gone on with", ["p", "x"], ["", "px", ""]],
  ["begun twice", ["p", "p", "q"], ["", "p", "!", ""]],
  ["begun at the end", ["ls\np"], ["ls\n", "p"]],
  ["the second key alone", ["q", "qp", "q"], ["q", "q", "!", ""]],
])("keys to watch for: %s", (_, pieces, expected) => {
  expect(watched("pq", ...pieces)).toEqual(expected);
});

test("a sequence that begins like itself is found wherever it begins", () => {
  expect(watched("aab", "a", "a", "a", "b")).toEqual(["", "", "a", "!", ""]);
  expect(watched("abab", "ab", "abab")).toEqual(["", "!", ""]);
  expect(watched("x", "yx")).toEqual(["y!", ""]);
});
