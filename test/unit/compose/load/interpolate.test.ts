// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax under test
import { expect, test } from "vitest";
import { interpolate } from "../../../../src/compose/load/interpolate";

const variables: Readonly<Record<string, string>> = { SET: "value", EMPTY: "", OTHER: "o", NAME_2: "n2" };
const lookup = (name: string): string | undefined => variables[name];

test.each([
  ["plain", "plain"],
  ["$SET", "value"],
  ["${SET}", "value"],
  ["a${SET}b$OTHER.c", "avalueb" + "o.c"],
  ["$NAME_2-x", "n2-x"],
  ["${UNSET}", ""],
  ["$UNSET/x", "/x"],
  ["${UNSET:-default}", "default"],
  ["${UNSET-default}", "default"],
  ["${EMPTY:-default}", "default"],
  ["${EMPTY-default}", ""],
  ["${SET:-default}", "value"],
  ["${UNSET:-}", ""],
  ["${UNSET:-${OTHER}}", "o"],
  ["${UNSET:-a${UNSET:-${SET}}b}", "avalueb"],
  ["${UNSET:-http://host:80/?a=b}", "http://host:80/?a=b"],
  ["${SET:+then}", "then"],
  ["${SET+then $OTHER}", "then o"],
  ["${EMPTY:+then}", ""],
  ["${EMPTY+then}", "then"],
  ["${UNSET+then}", ""],
  ["${SET:?must}", "value"],
  ["${EMPTY?must}", ""],
  ["$$SET", "$SET"],
  ["$${SET}", "${SET}"],
  ["$$$SET", "$value"],
  ["${UNSET:-$$x}", "$x"],
  ["cost: $5", "cost: $5"],
  ["$", "$"],
  ["^$SET$|$(date) $? $@", "^value$|$(date) $? $@"],
  ["${UNSET:-$(pwd)}", "$(pwd)"],
  ["$$$", "$$"],
])("%s becomes %s", (text, expected) => {
  expect(interpolate(text, { lookup })).toEqual({ text: expected });
});

test.each([
  ["${UNSET?}", "required", "UNSET is required: it is not set"],
  ["${UNSET:?say why}", "required", "UNSET is required: say why"],
  ["${EMPTY:?not ${OTHER}}", "required", "EMPTY is required: not o"],
  ["${", "syntax", '"${" is no variable'],
  ["${}", "syntax", '"${}" is no variable'],
  ["${SET", "syntax", '"${SET" is no variable'],
  ["${SET!x}", "syntax", "is no variable"],
  ["cost: ${5}", "syntax", '"${5}" is no variable; write $$'],
])("%s is a fault of kind %s", (text, kind, message) => {
  expect(interpolate(text, { lookup })).toEqual({ fault: { kind, message: expect.stringContaining(message) } });
});

test("variables that are not set and have no default are told", () => {
  const missing: string[] = [];
  interpolate("$A ${B} ${C:-} ${D-x} ${E+y} $SET", { lookup, onMissing: (name) => missing.push(name) });
  expect(missing).toEqual(["A", "B"]);
});
