import { RuncibleError } from "../../internal/errors";
import type { Challenge } from "./challenge";
import type { RegistryHttp } from "./http";
import { isLoopback, type RegistryCredentials } from "./settings";

export interface TokenRequest {
  readonly challenge: Challenge & { scheme: "bearer" };
  /** Of the registry that sent the challenge. */
  readonly registry: URL;
  readonly scope: string;
  readonly credentials: RegistryCredentials | undefined;
  readonly signal: AbortSignal;
}

/**
 * Docker's token authentication. The realm comes from the registry, so credentials go there only over https, or in
 * plain to loopback when the registry itself is there. Throws `registry-unauthorized`, `registry-error`.
 */
export async function fetchToken(http: RegistryHttp, request: TokenRequest): Promise<string> {
  const { challenge, registry, scope, credentials, signal } = request;
  const url = realmOf(challenge.realm, registry);
  if (challenge.service !== undefined) url.searchParams.set("service", challenge.service);
  if (scope !== "") url.searchParams.set("scope", scope);
  const headers = basicHeader(credentials);
  const response = await http.send({ url, headers, signal });
  const text = await response.body.text();
  if (response.statusCode === 401 || response.statusCode === 403) {
    throw new RuncibleError(
      "registry-unauthorized",
      `log in to ${registry.host}: unauthorized: incorrect username or password`,
    );
  }
  const token = response.statusCode === 200 ? tokenIn(text) : undefined;
  if (token === undefined) {
    throw new RuncibleError("registry-error", `ask ${url.host} for a token: status ${response.statusCode}, no token`);
  }
  return token;
}

export function basicHeader(credentials: RegistryCredentials | undefined): Readonly<Record<string, string>> {
  if (credentials?.username === undefined) return {};
  const pair = Buffer.from(`${credentials.username}:${credentials.password ?? ""}`).toString("base64");
  return { authorization: `Basic ${pair}` };
}

function realmOf(realm: string, registry: URL): URL {
  const url = URL.parse(realm);
  if (url === null) throw new RuncibleError("registry-error", `log in to ${registry.host}: its token realm is no URL`);
  const isPlainAllowed = isLoopback(registry.host)
    ? isLoopback(url.host)
    : registry.protocol === "http:" && url.host === registry.host;
  if (url.protocol === "https:" || (url.protocol === "http:" && isPlainAllowed)) return url;
  throw new RuncibleError(
    "registry-error",
    `log in to ${registry.host}: it wants credentials sent to ${url.protocol}//${url.host}, which is refused`,
  );
}

function tokenIn(text: string): string | undefined {
  try {
    const { token, access_token: accessToken } = JSON.parse(text) as { token?: unknown; access_token?: unknown };
    const found = token ?? accessToken;
    return typeof found === "string" && found !== "" ? found : undefined;
  } catch {
    return undefined;
  }
}
