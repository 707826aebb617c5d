// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax under test
import { expect, test } from "vitest";
import { parseDotenv } from "../../../../src/compose/load/dotenv";

const outer = (name: string): string | undefined => ({ HOME: "/root", GIVEN: "outside" })[name];
const parse = (text: string): Record<string, string> => Object.fromEntries(parseDotenv(text, "x.env", outer));

test.each([
  ["A=1", { A: "1" }],
  ["A=1\nB=2\n", { A: "1", B: "2" }],
  ["\uFEFFA=1\r\nB=2\r\n", { A: "1", B: "2" }],
  ["# comment\n\nA=1 # behind\nB=a#b", { A: "1", B: "a#b" }],
  ["export A=1", { A: "1" }],
  ["A = spaced out ", { A: "spaced out" }],
  ["A: yaml like", { A: "yaml like" }],
  ["A=", { A: "" }],
  ["A= # nothing", { A: "" }],
  ["A='single $HOME # no comment'", { A: "single $HOME # no comment" }],
  ['A="double $HOME"', { A: "double /root" }],
  ['A="line\\nbreak\\ttab \\"q\\" \\\\ \\$HOME"', { A: 'line\nbreak\ttab "q" \\ $HOME' }],
  ['A="first\nsecond"\nB=2', { A: "first\nsecond", B: "2" }],
  ["A='first\nsecond' # end\nB=2", { A: "first\nsecond", B: "2" }],
  ["A=1\nB=${A}2\nC=${NOPE:-c}", { A: "1", B: "12", C: "c" }],
  ["A=$HOME/x", { A: "/root/x" }],
  ["A=cost $5", { A: "cost $5" }],
  ["A=a=b=c", { A: "a=b=c" }],
  ["GIVEN\nNOT_GIVEN\nA=1", { GIVEN: "outside", A: "1" }],
  ["A.b-c=1", { "A.b-c": "1" }],
  ["", {}],
])("%j is read as %j", (text, expected) => {
  expect(parse(text)).toEqual(expected);
});

test.each([
  ["A=1\nnot a line", 2, "after the name"],
  ["A='open", 1, "a quote is not closed"],
  ['A="x" y', 1, "something follows the closing quote"],
  ["=1", 1, "a line is NAME=value"],
  ["A=${B:?must be}", 1, "B is required: must be"],
])("%j is refused with the line", (text, line, message) => {
  const parsing = () => parse(text);
  expect(parsing).toThrow(message);
  expect(parsing).toThrow(expect.objectContaining({ code: "compose-file-invalid", evidence: { file: "x.env", line } }));
});

test("the raw format takes values to the letter", () => {
  const text = "A='$HOME' # x\nB=\"y\"\n# C=1";
  expect(Object.fromEntries(parseDotenv(text, "x.env", outer, "raw"))).toEqual({ A: "'$HOME' # x", B: '"y"' });
});
