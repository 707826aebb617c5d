import { decodeRegistryAuth, type RegistryAuth, registryAuthOf } from "../../wire/registry-auth";
import type { EngineRequest } from "../http/request";
import { decodeJsonHeader } from "./json-header";

/** The header X-Registry-Auth: what is known of the registry that an image name begins with. */
export function decodeAuth({ headers }: Pick<EngineRequest, "headers">): RegistryAuth | undefined {
  const header = headers["x-registry-auth"];
  return decodeRegistryAuth(typeof header === "string" ? header : undefined);
}

/** The header X-Registry-Config: what is known of several, by host. */
export function decodeAuths({ headers }: Pick<EngineRequest, "headers">): ReadonlyMap<string, RegistryAuth> {
  const auths = Object.entries(decodeJsonHeader(headers["x-registry-config"])).flatMap(([server, value]) => {
    const auth = registryAuthOf(value);
    return auth === undefined ? [] : [[registryHost(server), auth] as const];
  });
  return new Map(auths);
}

function registryHost(server: string): string {
  const host = server.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  return host === "index.docker.io" ? "docker.io" : host;
}
