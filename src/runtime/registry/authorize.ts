import { digestOf } from "../image/digest";
import { type Challenge, parseChallenge } from "./challenge";
import type { HttpRequest, HttpResponse, RegistryHttp } from "./http";
import type { RegistryCredentials } from "./settings";
import { basicHeader, fetchToken } from "./token";

export interface AuthorizedRequest extends Omit<HttpRequest, "url"> {
  readonly registry: URL;
  /** Or a whole URL. Another origin than the registry's gets no credentials. */
  readonly path: string;
  /** Several are separated by a blank. Empty: what the challenge names. */
  readonly scope: string;
  readonly credentials: RegistryCredentials | undefined;
}

/** Sends requests with the authorization the registry asks for. A 401 that comes back is its last word. */
export function createAuthorizer(http: RegistryHttp): (request: AuthorizedRequest) => Promise<HttpResponse> {
  /** Authorization headers that registries have accepted. */
  const granted = new Map<string, string>();
  return async (request) => {
    const { registry, path, scope, credentials, ...asked } = request;
    const url = new URL(path, registry);
    const send = (authorization: string | undefined): Promise<HttpResponse> =>
      http.send({
        ...{ ...asked, url },
        headers: { ...asked.headers, ...(authorization === undefined ? {} : { authorization }) },
      });
    if (url.origin !== registry.origin) return await send(undefined);
    if (credentials?.registryToken !== undefined) return await send(`Bearer ${credentials.registryToken}`);
    // A grant belongs to whoever knew the password, not to whoever knows the name.
    const key = `${registry.origin} ${scope} ${digestOf(JSON.stringify(credentials ?? {}))}`;
    const first = await send(granted.get(key));
    const challenge = first.statusCode === 401 ? challengeOf(first) : undefined;
    if (challenge === undefined || (challenge.scheme === "basic" && credentials?.username === undefined)) return first;
    await first.body.discard();
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
