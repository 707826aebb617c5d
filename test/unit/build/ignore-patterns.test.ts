import { expect, test } from "vitest";
import { parseIgnoreFile } from "../../../src/build/dockerfile/ignore-patterns";

test.each([
  ["*.log", ["a.log"], ["s/a.log", "a.logs"]],
  ["**/*.log", ["a.log", "s/a.log", "s/t/a.log"], ["log"]],
  ["s", ["s", "s/a", "s/t/a"], ["ss", "t/s"]],
  ["/s/", ["s", "s/a"], ["t/s"]],
  ["./s/../t", ["t", "t/a"], ["s"]],
  ["s/*", ["s/a", "s/t", "s/t/a"], ["s"]],
  ["s/**", ["s/a", "s/t/a"], ["s"]],
  ["s/**/a", ["s/a", "s/t/a", "s/t/u/a"], ["s/b"]],
  ["a?c", ["abc"], ["ac", "a/c"]],
  ["[ab].txt", ["a.txt", "b.txt"], ["c.txt"]],
  ["[^ab].txt", ["c.txt"], ["a.txt"]],
  ["a\\*", ["a*"], ["ab"]],
  ["a.b", ["a.b"], ["axb"]],
  ["*\n!keep", ["a", "s/a"], ["keep", "keep/a"]],
  ["s\n!s/keep\ns/keep/not", ["s/a", "s/keep/not"], ["s/keep", "s/keep/a"]],
  ["!a\na", ["a"], ["b"]],
  ["# a\n\n  b  \n", ["b"], ["a", "# a"]],
  [".", [], ["a"]],
  ["!/\n/", [], ["a"]],
])("%j ignores %j and not %j", (text, ignored, kept) => {
  const rules = parseIgnoreFile(text);

  expect(ignored.filter((path) => !rules.ignores(path))).toEqual([]);
  expect(kept.filter((path) => rules.ignores(path))).toEqual([]);
});

test.each([["!"], ["[a"]])("%s is refused", (text) => {
  expect(() => parseIgnoreFile(text)).toThrow("pattern");
});
