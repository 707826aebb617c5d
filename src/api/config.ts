import { homedir } from "node:os";
import { join } from "node:path";
import type { CredentialSources } from "../client/registry-credentials";

/** What users may set in the environment; read at every use, as tests set it late. */

/** Host name under which published ports are reached. */
export function hostOverride(): string | undefined {
  return process.env["TESTCONTAINERS_HOST_OVERRIDE"] || undefined;
}

/** Put in front of every image name that names no registry. */
export function hubImageNamePrefix(): string | undefined {
  return process.env["TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX"] || undefined;
}

export function isReuseEnabled(): boolean {
  return process.env["TESTCONTAINERS_REUSE_ENABLE"] !== "false";
}

export function isTestEnvironment(): boolean {
  return process.env["NODE_ENV"] === "test";
}

/** Namespaces of the `debug` package; empty: none. */
export function debugNamespaces(): string {
  return process.env["DEBUG"] ?? "";
}

/** What compose files see as the environment. */
export function processEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/** Where the credentials for registries are: as Docker's own command line reads them. */
export function credentialSources(): CredentialSources {
  return {
    inline: process.env["DOCKER_AUTH_CONFIG"] || undefined,
    folder: process.env["DOCKER_CONFIG"] || join(process.env["HOME"] || homedir(), ".docker"),
  };
}
