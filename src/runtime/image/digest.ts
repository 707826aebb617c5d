import { createHash } from "node:crypto";
import { RuncibleError } from "../../internal/errors";

declare const brand: unique symbol;

/**
 * `sha256:` and 64 lower-case hexadecimal digits (OCI image specification, "Digests"). Other algorithms are refused.
 */
export type Digest = string & { readonly [brand]: "Digest" };

export function isDigest(text: string): text is Digest {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

/** Throws `invalid-argument`. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new RuncibleError("invalid-argument", `parse digest "${text}": want "sha256:" and 64 hexadecimal digits`);
}

export function digestOf(bytes: Buffer | string): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}` as Digest;
}

/** The hexadecimal part. */
export function encodedOf(digest: Digest): string {
  return digest.slice("sha256:".length);
}
