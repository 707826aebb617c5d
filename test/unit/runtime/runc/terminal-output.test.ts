import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { withoutDoubledReturns } from "../../../../src/runtime/runc/terminal-output";

async function put(chunks: readonly string[]): Promise<string> {
  const output = withoutDoubledReturns();
  Readable.from(chunks.map((chunk) => Buffer.from(chunk))).pipe(output);
  return (await buffer(output)).toString();
}

test.each([
  ["line ends of both terminals, as long as there are any", "a\r\r\nb\r\r\nc\r\nd\r\r\n", "a\r\nb\r\nc\r\nd\r\r\n"],
  ["an end of the outer one alone", "a\r\nb\r\r\n", "a\r\nb\r\r\n"],
  ["a line that is written over", "1%\r2%\r\r3%\rdone\r\r\n", "1%\r2%\r\r3%\rdone\r\n"],
  ["many returns", "a\r\r\r\r\nb", "a\r\r\r\nb"],
  ["a return at the end", "a\r", "a\r"],
  ["two returns at the end", "a\r\r", "a\r\r"],
  ["no line at all", "prompt$ ", "prompt$ "],
])("%s, however it arrives", async (_, said, wanted) => {
  expect(await put([said])).toBe(wanted);
  expect(await put([...said])).toBe(wanted);
});

test("what came is shown at once, but for a second return", async () => {
  const output = withoutDoubledReturns();

  output.write("50%\r");

  expect(String(output.read())).toBe("50%\r");
});
