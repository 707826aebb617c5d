import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../src/internal/exec";

/** A certificate authority in a folder, which signs what a daemon and its clients show. */
export interface CertificateAuthority {
  /** PEM. */
  readonly certificate: string;
  /** Paths of what a daemon has that listens under `names`, such as `IP:127.0.0.1` and `DNS:localhost`. */
  forDaemon(names: readonly string[]): Promise<KeyPair>;
  /** Paths of what a client shows. */
  forClient(): Promise<KeyPair>;
}

export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Makes `folder`, and everything in it with openssl. */
export async function makeAuthority(folder: string): Promise<CertificateAuthority> {
  await mkdir(folder);
  const at = (name: string): string => join(folder, name);
  const own = ["-subj", "/CN=authority", "-addext", "basicConstraints=critical,CA:TRUE", "-days", "2"];
  await run("openssl", ["req", "-x509", ...newKey, ...own, "-keyout", at("ca.key"), "-out", at("ca.pem")]);
  const sign = async (name: string, extensions: readonly string[]): Promise<KeyPair> => {
    const [certificate, key, request] = [at(`${name}.pem`), at(`${name}.key`), at(`${name}.csr`)];
    await writeFile(at(`${name}.ext`), extensions.join("\n"));
    await run("openssl", ["req", ...newKey, "-subj", `/CN=${name}`, "-keyout", key, "-out", request]);
    const signer = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "2"];
    await run("openssl", [
      "x509",
      "-req",
      "-in",
      request,
      ...signer,
      "-extfile",
      at(`${name}.ext`),
      "-out",
      certificate,
    ]);
    return { certificate, key };
  };
  return {
    certificate: at("ca.pem"),
    forDaemon: (names) => sign("daemon", [`subjectAltName=${names.join(",")}`, "extendedKeyUsage=serverAuth"]),
    forClient: () => sign("client", ["extendedKeyUsage=clientAuth"]),
  };
}

/** A folder as DOCKER_CERT_PATH names one. */
export async function makeCertificateFolder(
  folder: string,
  files: Readonly<Record<string, string | Buffer>>,
): Promise<string> {
  await mkdir(folder);
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}
