import { once } from "node:events";
import { isIP } from "node:net";
import { hasCode, isRuncibleError, messageOf, RuncibleError } from "../internal/errors";
import { describeEndpoint, type Endpoint, type TlsTrust, tlsOptionsOf } from "./endpoint";

/** What a failed call to a daemon over TLS says about certificates, if it does. Pure. */
export function tlsTrouble(endpoint: Endpoint, cause: unknown): RuncibleError | undefined {
  if (endpoint.kind !== "tcp" || endpoint.tls === undefined) return undefined;
  const start = `connect to ${describeEndpoint(endpoint)}: `;
  const code = codeOf(cause);
  const folder = endpoint.tls.folder ?? "the folder of DOCKER_CERT_PATH";
  const failed = (error: "tls-certificate-refused" | "tls-login-refused" | "engine-unreachable", text: string) =>
    new RuncibleError(error, start + text, { cause });
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const names = hasNames(cause) ? `it is for ${cause.cert.subjectaltname}` : messageOf(cause);
    const text = `the daemon's certificate is not for ${endpoint.host} (${names}); use a name that it is for, or make one with the subject alternative name ${isIP(endpoint.host) === 0 ? "DNS" : "IP"}:${endpoint.host}`;
    return failed("tls-certificate-refused", text);
  }
  if (refusedCertificate.test(code)) {
    const remedy =
      endpoint.tls.ca === undefined
        ? "with DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH, a folder with ca.pem, cert.pem and key.pem, another one is trusted"
        : `put into ${folder} the ca.pem that this daemon's certificate is signed with`;
    return failed("tls-certificate-refused", `the daemon's certificate is refused (${messageOf(cause)}); ${remedy}`);
  }
  if (alert.test(code)) {
    const alertName = code
      .replace(/^.*ALERT_/, "")
      .replaceAll("_", " ")
      .toLowerCase();
    const text = `the daemon refuses this client (${alertName}); put into ${folder} a cert.pem, with its key.pem, that its CA has signed for clients`;
    return failed("tls-login-refused", text);
  }
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG") {
    return failed("engine-unreachable", "it does not speak TLS; unset DOCKER_TLS_VERIFY, or name its port for TLS");
  }
  return undefined;
}

/** X509_STORE_CTX_get_error(3), as Node names them. */
const refusedCertificate = /^(CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERROR_IN_CERT_|INVALID_(CA|PURPOSE)$)/;

/** What RFC 8446, section 6.2, has for a client's certificate; Go's servers say "bad certificate" of a missing one. */
const alert = /^ERR_SSL_.*ALERT_(.*CERTIFICATE.*|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)$/;

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

function hasNames(error: unknown): error is { readonly cert: { readonly subjectaltname: string } } {
  const cert = typeof error === "object" && error !== null && "cert" in error ? error.cert : undefined;
  return typeof cert === "object" && cert !== null && "subjectaltname" in cert && Boolean(cert.subjectaltname);
}

/** What is behind a first call that failed without a word of certificates, if they are. */
export async function tlsTroubleBehind(endpoint: Endpoint, failure: unknown): Promise<RuncibleError | undefined> {
  if (endpoint.kind !== "tcp") return undefined;
  if (endpoint.tls === undefined) return isAnswerOfTls(failure) ? tlsIsWanted(endpoint, failure) : undefined;
  if (!hasCode(failure, "engine-unreachable")) return undefined;
  return tlsTrouble(endpoint, await refusalOf(endpoint, endpoint.tls));
}

/** Go's servers answer plain HTTP with this one sentence. */
function isAnswerOfTls(failure: unknown): boolean {
  return isRuncibleError(failure) && failure.message.includes("an HTTP request to an HTTPS server");
}

function tlsIsWanted(endpoint: Endpoint, cause: unknown): RuncibleError {
  const text = `connect to ${describeEndpoint(endpoint)}: the daemon speaks TLS only; set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH, a folder with ca.pem, cert.pem and key.pem`;
  return new RuncibleError("engine-unreachable", text, { cause });
}

const shakeLimitMs = 3_000;

/**
 * A daemon refuses a client's certificate after that has gone on to its request, and closes the connection with the
 * request unread; then the kernel may drop the refusal. A connection that asks nothing gets to read it.
 */
async function refusalOf({ host, port }: Endpoint & { readonly kind: "tcp" }, tls: TlsTrust): Promise<unknown> {
  const { connect } = require("node:tls") as typeof import("node:tls");
  const socket = connect({ host, port, ...tlsOptionsOf(host, tls) });
  const signal = AbortSignal.timeout(shakeLimitMs);
  try {
    // A ticket comes after the client was let in. The end of the connection without an error says nothing.
    await Promise.race([once(socket, "session", { signal }), once(socket, "close", { signal })]);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    socket.on("error", () => {}).destroy();
  }
}
