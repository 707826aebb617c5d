import { join } from "node:path";
import { run } from "../../../src/internal/exec";

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** A self-signed EC certificate for 127.0.0.1, ::1 and localhost, made by openssl in `folder`. */
export async function makeCertificate(folder: string, name: string): Promise<CertificateFiles> {
  const certificate = join(folder, `${name}.crt`);
  const key = join(folder, `${name}.key`);
  await run("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost"],
    ...["-keyout", key, "-out", certificate],
  ]);
  return { certificate, key };
}
