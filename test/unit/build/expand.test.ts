// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Dockerfiles have variables of that form.
import { expect, test } from "vitest";
import { expand, expandText } from "../../../src/build/dockerfile/expand";

const variables = new Map([
  ["A", "one"],
  ["EMPTY", ""],
  ["FILE", "/a/b/file.tar.gz"],
]);

test.each([
  ["$A", "one"],
  ["${A}", "one"],
  ["x${A}y", "xoney"],
  ["$Ay", ""],
  ["$NONE", ""],
  ["${NONE:-b}", "b"],
  ["${NONE-b}", "b"],
  ["${EMPTY:-b}", "b"],
  ["${EMPTY-b}", ""],
  ["${A:+b}", "b"],
  ["${A+b}", "b"],
  ["${EMPTY:+b}", ""],
  ["${EMPTY+b}", "b"],
  ["${NONE:-${A}-$A}", "one-one"],
  ["${NONE:-'a } b'}", "a } b"],
  ["${FILE#*/}", "a/b/file.tar.gz"],
  ["${FILE##*/}", "file.tar.gz"],
  ["${FILE%.*}", "/a/b/file.tar"],
  ["${FILE%%.*}", "/a/b/file"],
  ["${FILE/a/x}", "/x/b/file.tar.gz"],
  ["${FILE//\\//-}", "-a-b-file.tar.gz"],
  ["'$A'", "$A"],
  ['"$A b"', "one b"],
  ['"a\\"b\\$A\\n"', 'a"b$A\\n'],
  ["a\\ b\\$A", "a b$A"],
  ["$", "$"],
  ["a$$b$@$12c", "abc"],
  ["a$ b", "a$ b"],
  ["it\\'s", "it's"],
])("%s is %s", (text, expected) => {
  expect(expand(text, variables, "\\")).toBe(expected);
});

test("with another escape character a backslash is itself", () => {
  expect(expand("c:\\new`$A", variables, "`")).toBe("c:\\new$A");
});

test("the content of a heredoc keeps its quotes, and loses escape characters", () => {
  expect(expandText("'$A' \"$A\" \\$A \\n \\\\n it's\\\n", variables, "\\")).toBe("'one' \"one\" $A n \\n it's\n");
});

test.each([
  ["${A:-b", "lacks"],
  ["${}", "bad substitution"],
  ["${A!b}", "unsupported modifier"],
  ["'a", "single-quote"],
  ['"a', "double-quote"],
  ["${NONE:?is not there}", "NONE: is not there"],
  ["${EMPTY:?}", "not allowed to be unset"],
])("%s is refused", (text, message) => {
  expect(() => expand(text, variables, "\\")).toThrow(message);
});
