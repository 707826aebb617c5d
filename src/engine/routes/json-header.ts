import type { JsonObject } from "../../wire/json";

/** Base64 of a JSON object; what is neither counts as nothing, as Docker has it for credentials. */
export function decodeJsonHeader(header: string | string[] | undefined): JsonObject {
  try {
    const value: unknown = JSON.parse(Buffer.from(String(header ?? ""), "base64").toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
  } catch {
    return {};
  }
}
