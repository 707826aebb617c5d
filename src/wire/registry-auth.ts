/** Credentials for one registry, as the X-Registry-Auth header and `POST /auth` carry them. */
export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly serverAddress?: string;
  /** Refresh token of an earlier login. */
  readonly identityToken?: string;
  /** Bearer token, used as it is. */
  readonly registryToken?: string;
}

export function encodeRegistryAuth(auth: RegistryAuth): string {
  return urlSafeBase64(jsonOf(auth));
}

/** The header X-Registry-Config: credentials by registry host, for a build that may need several. */
export function encodeRegistryConfig(auths: ReadonlyMap<string, RegistryAuth>): string {
  return urlSafeBase64(Object.fromEntries([...auths].map(([host, auth]) => [host, jsonOf(auth)])));
}

function jsonOf(auth: RegistryAuth): object {
  return {
    username: auth.username,
    password: auth.password,
    serveraddress: auth.serverAddress,
    identitytoken: auth.identityToken,
    registrytoken: auth.registryToken,
  };
}

/** With padding, which every daemon reads. */
function urlSafeBase64(json: object): string {
  return Buffer.from(JSON.stringify(json)).toString("base64").replaceAll("+", "-").replaceAll("/", "_");
}

/** Both base64 alphabets. Absent, empty or unreadable: undefined, that is anonymous, as Docker does. */
export function decodeRegistryAuth(header: string | undefined): RegistryAuth | undefined {
  if (header === undefined || header === "") return undefined;
  try {
    return registryAuthOf(JSON.parse(Buffer.from(header, "base64").toString("utf8")));
  } catch {
    return undefined;
  }
}

/** Undefined when nothing in it is a credential. `auth` is base64 of `user:password`, as in config.json. */
export function registryAuthOf(json: unknown): RegistryAuth | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const text = (key: string): string | undefined => {
    const value = (json as Record<string, unknown>)[key];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const [username, password] = userAndPassword(text("auth"));
  const fields = {
    username: text("username") ?? username,
    password: text("password") ?? password,
    serverAddress: text("serveraddress"),
    identityToken: text("identitytoken"),
    registryToken: text("registrytoken"),
  };
  if (!fields.username && !fields.identityToken && !fields.registryToken) return undefined;
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function userAndPassword(auth: string | undefined): [string | undefined, string | undefined] {
  if (auth === undefined) return [undefined, undefined];
  const plain = Buffer.from(auth, "base64").toString("utf8");
  const at = plain.indexOf(":");
  return at < 0 ? [undefined, undefined] : [plain.slice(0, at), plain.slice(at + 1)];
}
