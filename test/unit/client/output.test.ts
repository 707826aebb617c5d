import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { readLines } from "../../../src/client/lines";
import { outputText, readOutput } from "../../../src/client/output";
import { encodeFrame } from "../../../src/wire/frames";

const frames = Buffer.concat([
  encodeFrame("stdout", Buffer.from("grüße ")),
  encodeFrame("stderr", Buffer.from("error\n")),
]);

function inPieces(bytes: Buffer, size: number): Readable {
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
  return Readable.from(pieces);
}

test.each([1, 3, 9, 1000])("streams are told apart however the bytes are cut (%i at a time)", async (size) => {
  const text = { stdin: "", stdout: "", stderr: "" };
  for await (const { stream, payload } of readOutput(inPieces(frames, size))) {
    text[stream] += payload.toString("latin1");
  }

  expect(Buffer.from(text.stdout, "latin1").toString()).toBe("grüße ");
  expect(text.stderr).toBe("error\n");
});

test("a terminal's output is taken as it is", async () => {
  let text = "";
  for await (const chunk of outputText(inPieces(Buffer.from("login: \r\n"), 2))) text += chunk;

  expect(text).toBe("login: \r\n");
});

test("text keeps characters whole across chunks", async () => {
  let text = "";
  for await (const chunk of outputText(inPieces(frames, 5))) text += chunk;

  expect(text).toBe("grüße error\n");
});

test("lines are cut at their ends, the last one needs none", async () => {
  const lines: string[] = [];
  for await (const line of readLines(inPieces(Buffer.from('{"a":1}\r\n\n{"b":"é"}'), 4))) lines.push(line);

  expect(lines).toEqual(['{"a":1}', '{"b":"é"}']);
});
