import { RuncibleError } from "../../internal/errors";
import type { RegistryAuth } from "../../wire/registry-auth";

export type Auths = ReadonlyMap<string, RegistryAuth>;

const hubHosts = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/**
 * The credentials that a build may give to whatever registry asks: those of the only registry that it needs. Undefined
 * when there are several, or which there are is not known. `auths`: by host, or by an address of it. Pure.
 */
export function sharedCredentials(auths: Auths, registries: readonly string[]): RegistryAuth | undefined {
  const [only, ...others] = registries;
  if (only === undefined || others.length > 0) return undefined;
  return [...auths].find(([address]) => hostOf(address) === hostOf(only))?.[1];
}

/** A refusal of a build that was not given the credentials there are, with the reason. Pure. */
export function explainRefusal(error: RuncibleError, auths: Auths, registries: readonly string[]): RuncibleError {
  const isRefused = ["registry-unauthorized", "image-not-found"].includes(error.code);
  if (!isRefused || auths.size === 0 || sharedCredentials(auths, registries) !== undefined) return error;
  const places = registries.length === 0 ? "" : ` (this one uses ${registries.join(", ")})`;
  const reason = `BuildKit was given no credentials, as these would go to every registry of the build${places}`;
  const advice = "pull the private image before, build without withBuildkit(), or use images of one registry";
  return new RuncibleError(error.code, `${error.message}; ${reason}; ${advice}`, {
    cause: error.cause,
    evidence: error.evidence,
  });
}

function hostOf(address: string): string {
  const host = address.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  return hubHosts.includes(host) ? "docker.io" : host;
}
