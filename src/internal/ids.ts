import { randomBytes } from "node:crypto";

/** 64 hexadecimal digits, as Docker names containers and networks. */
export function randomId(): string {
  return randomBytes(32).toString("hex");
}

/** The first 12 digits, which Docker shows and resolves. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}
