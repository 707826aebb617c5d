import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { answerOf } from "./broken-answer";

/**
 * The lines of an answer as they come, without their ends, empty ones left out. Throws `engine-unreachable` when it
 * breaks off.
 */
export async function* readLines(source: Readable): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of answerOf(source)) {
    const lines = (rest + decoder.write(chunk)).split(/\r?\n/);
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line !== "");
  }
  rest += decoder.end();
  if (rest !== "") yield rest;
}
