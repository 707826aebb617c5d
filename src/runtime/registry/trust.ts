import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { createSecureContext, rootCertificates, type SecureContext } from "node:tls";
import { hasCode } from "../../internal/errors";
import { codeOf } from "./patience";

/** Where certificates of authorities are. */
export interface AuthorityPlace {
  /** A file, or a folder of files. */
  readonly path: string;
  /** By which a user named it. Absent: one of those where a machine may have them. */
  readonly variable?: string;
}

const contexts = new Map<string, Promise<SecureContext>>();

/**
 * What signs the certificate of a server that is trusted: Node's own list, those of the places, and the given ones.
 * Hundreds of certificates take a tenth of a second to read, so it is done when a first server speaks TLS, and once for
 * the same files. Throws if a file cannot be read; one that is not there, or not for this user, adds nothing.
 */
export async function trustedBy(
  places: readonly AuthorityPlace[],
  certificates: readonly string[] = [],
): Promise<SecureContext> {
  const files = (await Promise.all(places.map(filesOf))).flat();
  if (certificates.length > 0) return await contextWith(files, certificates);
  const key = (await Promise.all(files.map(versionOf))).join("\n");
  const known = contexts.get(key) ?? contextWith(files, []);
  contexts.set(key, known);
  known.catch(() => contexts.delete(key));
  return await known;
}

/** Of the places that a user named those without any certificate, in words: why a server may not be trusted. */
export async function uselessPlaces(places: readonly AuthorityPlace[]): Promise<readonly string[]> {
  const told = places.map(async (place) => {
    if (place.variable === undefined) return [];
    const texts = await textsOf(await filesOf(place)).catch(() => []);
    return texts.flatMap(certificatesIn).length > 0
      ? []
      : [`${place.variable} names ${place.path}, in which the engine finds no certificate`];
  });
  return (await Promise.all(told)).flat();
}

/** Every file of a folder, whatever its name, as Go's programs read it. */
async function filesOf({ path }: AuthorityPlace): Promise<readonly string[]> {
  try {
    return (await readdir(path)).sort().map((name) => join(path, name));
  } catch (error) {
    if ((["ENOTDIR", "ENOENT", "EACCES"] as const).some((code) => hasCode(error, code))) return [path];
    throw error;
  }
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
  const texts = [...rootCertificates, ...(await textsOf(files)), ...certificates];
  return createSecureContext({ ca: [...new Set(texts.flatMap(certificatesIn))] });
}

/** One after the other: a folder may have more of them than may be open at once. */
async function textsOf(files: readonly string[]): Promise<readonly string[]> {
  const texts: string[] = [];
  for (const file of files) texts.push(await readIfThere(file));
  return texts;
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    // A folder in a folder is none of those that were named.
    if ((["ENOENT", "EACCES", "EISDIR"] as const).some((code) => hasCode(error, code))) return "";
    throw error;
  }
}

const certificate = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g;

/** Each by itself, without what may stand between them: the lists have most in common. */
function certificatesIn(text: string): readonly string[] {
  return (text.match(certificate) ?? []).map((block) => block.replace(/\r/g, ""));
}
