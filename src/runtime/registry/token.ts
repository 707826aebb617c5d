import { RuncibleError } from "../../internal/errors";
import { readSmall } from "./answer-body";
import type { Challenge } from "./challenge";
import type { HttpRequest, RegistryHttp } from "./http";
import { isLoopback, type RegistryCredentials } from "./settings";

export interface TokenRequest {
  readonly challenge: Challenge & { scheme: "bearer" };
  /** Of the registry that sent the challenge. */
  readonly registry: URL;
  /** Several are separated by a blank. */
  readonly scope: string;
  readonly credentials: RegistryCredentials | undefined;
  readonly signal: AbortSignal;
}

/** Tokens have some kilobytes; whoever names the realm may name one that sends without end. */
const answerLimit = 1024 * 1024;

/**
 * Docker's token authentication. The realm comes from the registry, so credentials go there only over https, or in
 * plain to loopback when the registry itself is there. Throws `registry-unauthorized`, `registry-error`.
 */
export async function fetchToken(http: RegistryHttp, request: TokenRequest): Promise<string> {
  const { challenge, registry, scope, credentials, signal } = request;
  const realm = realmOf(challenge.realm, registry);
  const parameters = [
    ...(challenge.service === undefined ? [] : [["service", challenge.service]]),
    ...scope.split(" ").flatMap((one) => (one === "" ? [] : [["scope", one]])),
  ];
  const ask = async (): Promise<readonly [status: number, text: string]> => {
    const { statusCode, body } = await http.send({ ...requestFor(realm, parameters, credentials), signal });
    const message = `ask ${realm.host} for a token: the answer is larger than 1 MiB`;
    const answer = await readSmall(body, answerLimit, () => new RuncibleError("registry-error", message));
    return [statusCode, answer.toString("utf8")];
  };
  const [status, text] = await http.whole(realm.host, ask, signal);
  if (status === 401 || status === 403) {
    throw new RuncibleError(
      "registry-unauthorized",
      `log in to ${registry.host}: unauthorized: incorrect username or password`,
    );
  }
  const token = status === 200 ? tokenIn(text) : undefined;
  if (token === undefined) {
    throw new RuncibleError("registry-error", `ask ${realm.host} for a token: status ${status}, no token`);
  }
  return token;
}

/** A refresh token goes into a POST (OAuth 2.0, section 6), a password into a header, anonymous into neither. */
function requestFor(
  realm: URL,
  parameters: readonly (readonly string[])[],
  credentials: RegistryCredentials | undefined,
): Omit<HttpRequest, "signal"> {
  if (credentials?.identityToken !== undefined && credentials.identityToken !== "") {
    // RFC 6749, section 3.3: in a form, one list of scopes.
    const scope = parameters.flatMap(([name, value]) => (name === "scope" ? [value] : [])).join(" ");
    const form = new URLSearchParams({
      ...{ grant_type: "refresh_token", client_id: "runcible", refresh_token: credentials.identityToken },
      ...Object.fromEntries(parameters),
      ...(scope === "" ? {} : { scope }),
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return { url: realm, method: "POST", headers, body: form.toString() };
  }
  const url = new URL(realm);
  for (const [name = "", value = ""] of parameters) url.searchParams.append(name, value);
  return { url, headers: credentials?.username === undefined ? {} : { authorization: basicHeader(credentials) } };
}

/** RFC 7617. */
export function basicHeader({ username = "", password = "" }: RegistryCredentials = {}): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function realmOf(realm: string, registry: URL): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url === undefined)
    throw new RuncibleError("registry-error", `log in to ${registry.host}: its token realm is no URL`);
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
