import { createHash, createPublicKey, randomUUID, sign } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { CertificateFiles } from "./certificates";

export const tokenIssuer = "runcible test issuer";
export const tokenService = "runcible test registry";

export interface TokenServerOptions {
  readonly signer: CertificateFiles;
  readonly username: string;
  readonly password: string;
  /** The refresh token that a POST may bring instead of user name and password. */
  readonly identityToken: string;
  /** Repositories anybody may read. Everything else needs credentials. */
  readonly publicPrefix: string;
}

export interface TokenRequest {
  readonly method: string;
  readonly scope: string;
  readonly identity: "anonymous" | "basic" | "refresh";
}

export interface TokenServer extends AsyncDisposable {
  readonly realm: string;
  /** Every request so far, for assertions. */
  readonly requests: readonly TokenRequest[];
  /** Seconds each token is said to be valid; tests set it. Default: 300. */
  lifetimeSeconds: number;
}

/** A Docker token server: GET with basic or no credentials, POST with a refresh token. Signs ES256 tokens. */
export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const key = await readFile(options.signer.key, "utf8");
  const requests: TokenRequest[] = [];
  const state = { lifetimeSeconds: 300 };
  const server = createServer((request, response) => {
    void answer(request).then(({ status, body }) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  async function answer(request: IncomingMessage): Promise<{ status: number; body: object }> {
    const query = await parametersOf(request);
    const identity = identify(request, query, options);
    requests.push({
      method: request.method ?? "",
      scope: scopesOf(query).join(" "),
      identity: identity ?? "anonymous",
    });
    if (identity === undefined) {
      return { status: 401, body: { errors: [{ code: "UNAUTHORIZED", message: "incorrect username or password" }] } };
    }
    const access = scopesOf(query).flatMap((scope) => accessFor(scope, identity, options.publicPrefix));
    const token = issueToken(key, access, state.lifetimeSeconds);
    const name = request.method === "POST" ? "access_token" : "token";
    return { status: 200, body: { [name]: token, expires_in: state.lifetimeSeconds } };
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    realm: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    requests,
    get lifetimeSeconds() {
      return state.lifetimeSeconds;
    },
    set lifetimeSeconds(seconds: number) {
      state.lifetimeSeconds = seconds;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A query repeats the parameter, a form has one list. */
function scopesOf(query: URLSearchParams): readonly string[] {
  return query.getAll("scope").flatMap((scopes) => scopes.split(" "));
}

async function parametersOf(request: IncomingMessage): Promise<URLSearchParams> {
  if (request.method !== "POST") return new URL(request.url ?? "/", "http://token").searchParams;
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
}

function identify(
  request: IncomingMessage,
  query: URLSearchParams,
  options: TokenServerOptions,
): TokenRequest["identity"] | undefined {
  if (request.method === "POST") return query.get("refresh_token") === options.identityToken ? "refresh" : undefined;
  const header = request.headers.authorization;
  if (header === undefined) return "anonymous";
  const expected = Buffer.from(`${options.username}:${options.password}`).toString("base64");
  return header === `Basic ${expected}` ? "basic" : undefined;
}

function accessFor(scope: string, identity: TokenRequest["identity"], publicPrefix: string): object[] {
  const [type = "", name = "", actions = ""] = scope.split(":");
  if (identity === "anonymous" && !name.startsWith(publicPrefix)) return [];
  const allowed = identity === "anonymous" ? ["pull"] : actions.split(",");
  return [{ type, name, actions: actions.split(",").filter((action) => allowed.includes(action)) }];
}

function issueToken(key: string, access: object[], lifetimeSeconds: number): string {
  const now = Math.floor(Date.now() / 1000);
  const header = { typ: "JWT", alg: "ES256", kid: keyId(key) };
  const claims = {
    ...{ iss: tokenIssuer, aud: tokenService, sub: "test", jti: randomUUID() },
    ...{ iat: now, nbf: now - 10, exp: now + lifetimeSeconds, access },
  };
  const payload = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = sign("sha256", Buffer.from(payload), { key, dsaEncoding: "ieee-p1363" });
  return `${payload}.${signature.toString("base64url")}`;
}

/** libtrust's key id, by which docker-registry looks the key up: base32 of the first 240 bits of a digest, in fours. */
function keyId(privateKey: string): string {
  const der = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const digest = createHash("sha256").update(der).digest().subarray(0, 30);
  const bits = [...digest].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const letters =
    bits.match(/.{5}/g)?.map((five) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[Number.parseInt(five, 2)]) ?? [];
  return letters.join("").match(/.{4}/g)?.join(":") ?? "";
}
