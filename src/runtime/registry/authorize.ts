import { digestOf } from "../image/digest";
import { type Challenge, parseChallenge } from "./challenge";
import type { HttpResponse, RegistryHttp } from "./http";
import type { RegistryCredentials } from "./settings";
import { basicHeader, fetchToken } from "./token";

export interface AuthorizedRequest {
  readonly registry: URL;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Empty: what the challenge names. */
  readonly scope: string;
  readonly credentials: RegistryCredentials | undefined;
  readonly signal: AbortSignal;
}

/** Sends requests with the authorization the registry asks for. A 401 that comes back is its last word. */
export function createAuthorizer(http: RegistryHttp): (request: AuthorizedRequest) => Promise<HttpResponse> {
  /** Authorization headers that registries have accepted. */
  const granted = new Map<string, string>();
  return async (request) => {
    const { registry, path, headers = {}, scope, credentials, signal } = request;
    const send = (authorization: string | undefined): Promise<HttpResponse> =>
      http.send({
        ...{ url: new URL(path, registry), signal },
        headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
      });
    if (credentials?.registryToken !== undefined) return await send(`Bearer ${credentials.registryToken}`);
    // A grant belongs to whoever knew the password, not to whoever knows the name.
    const key = `${registry.origin} ${scope} ${digestOf(JSON.stringify(credentials ?? {}))}`;
    const first = await send(granted.get(key));
    const challenge = first.statusCode === 401 ? challengeOf(first) : undefined;
    if (challenge === undefined || (challenge.scheme === "basic" && credentials?.username === undefined)) return first;
    await first.body.dump();
    const authorization = await answer(http, challenge, request);
    const second = await send(authorization);
    if (second.statusCode !== 401) granted.set(key, authorization);
    return second;
  };
}

function challengeOf({ headers }: HttpResponse): Challenge | undefined {
  const header = headers["www-authenticate"];
  return parseChallenge(Array.isArray(header) ? header[0] : header);
}

async function answer(http: RegistryHttp, challenge: Challenge, request: AuthorizedRequest): Promise<string> {
  if (challenge.scheme === "basic") return basicHeader(request.credentials);
  const scope = request.scope === "" ? (challenge.scope ?? "") : request.scope;
  return `Bearer ${await fetchToken(http, { ...request, challenge, scope })}`;
}
