import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, messageOf, RuncibleError } from "../internal/errors";
import type { TlsFiles } from "./endpoint";

/** As Docker's own command line names them. */
const names = ["ca.pem", "cert.pem", "key.pem"] as const;

/** The certificates of `folder`; `source` names where that comes from, for errors. Throws `invalid-argument`. */
export async function readTlsFiles(folder: string, source: string): Promise<TlsFiles> {
  const refused = (what: string, cause: unknown): RuncibleError => {
    const message = `read the certificates in ${folder} (${source}): ${what}; put there the daemon's ca.pem, and cert.pem and key.pem of a client that it knows`;
    return new RuncibleError("invalid-argument", message, { cause });
  };
  const read = (name: string): Promise<Buffer> =>
    readFile(join(folder, name)).catch((cause: unknown) => {
      throw refused(isMissing(cause) ? `there is no ${name}` : messageOf(cause), cause);
    });
  const [ca, cert, key] = await Promise.all([read(names[0]), read(names[1]), read(names[2])]);
  // Loading TLS takes a fresh process 5 ms, and hardly any test needs it.
  const { createSecureContext } = require("node:tls") as typeof import("node:tls");
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw refused(`cert.pem and key.pem are no certificate with its key (${messageOf(cause)})`, cause);
  }
  // Where it has no certificate, Node trusts nobody and does not say why.
  if (!ca.includes("-----BEGIN")) throw refused("ca.pem is no certificate", undefined);
  return { folder, ca, cert, key };
}

function isMissing(error: unknown): boolean {
  return hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR");
}
