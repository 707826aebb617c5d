import { readFile, stat } from "node:fs/promises";
import { createSecureContext, rootCertificates, type SecureContext } from "node:tls";
import { hasCode } from "../../internal/errors";
import { codeOf } from "./patience";

const contexts = new Map<string, Promise<SecureContext>>();

/**
 * What signs the certificate of a server that is trusted: Node's own list, those of the files, and the given ones.
 * Hundreds of certificates take a tenth of a second to read, so it is done when a first server speaks TLS, and once for
 * the same files. Throws if a file cannot be read; one that is not there, or not for this user, adds nothing.
 */
export async function trustedBy(
  files: readonly string[],
  certificates: readonly string[] = [],
): Promise<SecureContext> {
  if (certificates.length > 0) return await contextWith(files, certificates);
  const key = (await Promise.all(files.map(versionOf))).join("\n");
  const known = contexts.get(key) ?? contextWith(files, []);
  contexts.set(key, known);
  known.catch(() => contexts.delete(key));
  return await known;
}

/** An edit makes another one of it. */
async function versionOf(file: string): Promise<string> {
  const stats = await stat(file).catch(() => undefined);
  return `${file} ${stats?.mtimeMs} ${stats?.size}`;
}

const untrusted = /SELF_SIGNED|ISSUER_CERT|VERIFY_LEAF|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE/;

/** Whether a server was refused because nobody who is trusted has signed its certificate. */
export function isUntrusted(error: unknown): boolean {
  return untrusted.test(codeOf(error));
}

async function contextWith(files: readonly string[], certificates: readonly string[]): Promise<SecureContext> {
  const texts = [...rootCertificates, ...(await Promise.all(files.map(readIfThere))), ...certificates];
  return createSecureContext({ ca: [...new Set(texts.flatMap(certificatesIn))] });
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "EACCES")) return "";
    throw error;
  }
}

const certificate = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g;

/** Each by itself, without what may stand between them: the lists have most in common. */
function certificatesIn(text: string): readonly string[] {
  return (text.match(certificate) ?? []).map((block) => block.replace(/\r/g, ""));
}
