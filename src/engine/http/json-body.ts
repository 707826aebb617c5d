import type { Readable } from "node:stream";
import { RuncibleError } from "../../internal/errors";
import type { JsonObject } from "../../wire/json";

const limitBytes = 16 * 1024 * 1024;

/** Reads a whole body, whatever its content type says: an object, or `{}` for none and for null. */
export async function readJsonBody(body: Readable): Promise<JsonObject> {
  const text = (await readAll(body)).toString("utf8").trim();
  if (text === "") return {};
  const value = parse(text);
  if (value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new RuncibleError("invalid-argument", "read request body: want a JSON object");
  }
  return value as JsonObject;
}

async function readAll(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limitBytes) {
      throw new RuncibleError("body-too-large", `read request body: it is larger than ${limitBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RuncibleError("invalid-argument", "read request body: it is no JSON", { cause });
  }
}
