import { dockerConfigFolder } from "../client/docker-config-folder";
import type { CredentialSources } from "../client/registry-credentials";

/** What users may set in the environment; read at every use, as tests set it late. */

/** What says in the environment which daemon is used, and how it is reached, as a key. */
export function daemonSettings(): string {
  const names = [
    ...["RUNCIBLE_HOST", "DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "RUNCIBLE_STATE_DIR"],
    // The folder of `.testcontainers.properties`, of SSH keys, and of the engine's state.
    ...["HOME", "XDG_DATA_HOME", "SSH_AUTH_SOCK"],
    ...["TESTCONTAINERS_HOST_OVERRIDE", "TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE"],
  ];
  return JSON.stringify(names.map((name) => process.env[name] || null));
}

/** Host name under which published ports are reached. */
export function hostOverride(): string | undefined {
  return process.env["TESTCONTAINERS_HOST_OVERRIDE"] || undefined;
}

/** Path of the daemon's socket as containers of it are to see it. */
export function dockerSocketOverride(): string | undefined {
  return process.env["TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE"] || undefined;
}

/** How the container that clears up on other daemons is to be. */
export function reaperSettings(): ReaperSettings {
  const { env } = process;
  return {
    isDisabled: env["TESTCONTAINERS_RYUK_DISABLED"] === "true",
    isPrivileged: env["TESTCONTAINERS_RYUK_PRIVILEGED"] === "true",
    image: env["RYUK_CONTAINER_IMAGE"] || "testcontainers/ryuk:0.14.0",
    hostPort: env["TESTCONTAINERS_RYUK_PORT"] || undefined,
    environment: ["RYUK_VERBOSE", "RYUK_RECONNECTION_TIMEOUT"].flatMap((name) => {
      const value = env[`TESTCONTAINERS_${name}`];
      return value ? [`${name}=${value}`] : [];
    }),
  };
}

export interface ReaperSettings {
  readonly isDisabled: boolean;
  readonly isPrivileged: boolean;
  readonly image: string;
  /** Undefined: any. */
  readonly hostPort: string | undefined;
  readonly environment: readonly string[];
}

/** How the container that forwards ports of this machine on other daemons is to be. */
export function forwarderSettings(): { readonly image: string; readonly hostPort: string | undefined } {
  return {
    image: process.env["SSHD_CONTAINER_IMAGE"] || "testcontainers/sshd:1.4.0",
    hostPort: process.env["TESTCONTAINERS_SSHD_PORT"] || undefined,
  };
}

/** Put in front of every image name that names no registry. */
export function hubImageNamePrefix(): string | undefined {
  return process.env["TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX"] || undefined;
}

export function isReuseEnabled(): boolean {
  return process.env["TESTCONTAINERS_REUSE_ENABLE"] !== "false";
}

/** Nothing is pulled: what is not here is an error at once. */
export function isOffline(): boolean {
  return isSet(process.env["RUNCIBLE_OFFLINE"]);
}

/** A container whose start failed stays, for a look at it. */
export function isKeptOnFailure(): boolean {
  return isSet(process.env["RUNCIBLE_KEEP_ON_FAILURE"]);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && !["", "0", "false"].includes(value);
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
    folder: dockerConfigFolder(process.env),
  };
}
