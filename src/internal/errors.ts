/** What went wrong, as a class: decides the HTTP status and the exit code. */
export type ErrorKind =
  | "not-found"
  | "invalid"
  | "unauthorized"
  | "forbidden"
  | "conflict"
  | "not-modified"
  | "unimplemented"
  | "unavailable"
  | "internal";

export type ErrorCode =
  | "aborted"
  | "api-error"
  | "bind-source-missing"
  | "bind-source-not-shared"
  | "body-too-large"
  | "build-step-failed"
  | "capability-missing"
  | "command-failed"
  | "compose-cycle"
  | "compose-file-invalid"
  | "compose-file-missing"
  | "compose-service-unknown"
  | "compose-variable-missing"
  | "container-exited"
  | "container-not-found"
  | "container-not-running"
  | "container-state"
  | "container-unhealthy"
  | "credential-helper-failed"
  | "digest-mismatch"
  | "disk-full"
  | "engine-start-failed"
  | "engine-unreachable"
  | "exec-not-found"
  | "executable-not-found"
  | "executable-not-permitted"
  | "forwarder-failed"
  | "image-exists-nowhere"
  | "image-in-use"
  | "image-incomplete"
  | "image-invalid"
  | "image-not-found"
  | "internal"
  | "invalid-argument"
  | "invalid-reference"
  | "layer-invalid"
  | "layer-too-large"
  | "name-in-use"
  | "network-in-use"
  | "network-not-found"
  | "no-address-left"
  | "not-implemented"
  | "not-modified"
  | "page-not-found"
  | "path-not-found"
  | "permission-denied"
  | "platform-unavailable"
  | "port-in-use"
  | "predefined-network"
  | "reaper-failed"
  | "registries-conf-invalid"
  | "registry-blocked"
  | "registry-error"
  | "registry-rate-limited"
  | "registry-slow"
  | "registry-unauthorized"
  | "registry-unreachable"
  | "resources-exhausted"
  | "runc-missing"
  | "runc-too-old"
  | "size-mismatch"
  | "ssh-host-key-refused"
  | "ssh-host-key-unknown"
  | "ssh-login-refused"
  | "start-failed"
  | "state-too-new"
  | "subnet-in-use"
  | "swarm-inactive"
  | "timeout"
  | "tls-certificate-refused"
  | "tls-login-refused"
  | "tool-missing"
  | "user-unknown"
  | "volume-in-use"
  | "volume-not-found"
  | "wait-timeout";

/**
 * Every code this package throws, with its kind and when it happens. Documented in docs/errors.md; a test compares
 * both. Identity is the code: two copies of the package may share a process, so `instanceof` proves nothing.
 */
export const errorTable: Readonly<Record<ErrorCode, { readonly kind: ErrorKind; readonly when: string }>> = {
  aborted: { kind: "unavailable", when: "the caller cancelled the operation" },
  "api-error": { kind: "internal", when: "a daemon answered a request with an error that has no code of its own" },
  "bind-source-missing": { kind: "invalid", when: "the host path of a bind mount does not exist" },
  "bind-source-not-shared": { kind: "invalid", when: "the host path of a bind mount is not visible to the engine" },
  "body-too-large": { kind: "invalid", when: "a request body is larger than the engine accepts" },
  "build-step-failed": { kind: "invalid", when: "a command of a Dockerfile ended with an exit code other than 0" },
  "capability-missing": { kind: "unavailable", when: "the kernel or the machine's setup forbids running containers" },
  "command-failed": {
    kind: "internal",
    when: "a system tool, or a command of a module in its container, ended with an error",
  },
  "compose-cycle": { kind: "invalid", when: "services or files of a compose project refer to each other in a circle" },
  "compose-file-invalid": { kind: "invalid", when: "a compose file says something that is malformed or contradictory" },
  "compose-file-missing": { kind: "not-found", when: "a file that a compose project needs does not exist" },
  "compose-service-unknown": { kind: "not-found", when: "a compose project has no such service" },
  "compose-variable-missing": { kind: "invalid", when: "a compose file requires a variable that is not set" },
  "container-exited": { kind: "unavailable", when: "the container ended before it was ready" },
  "container-not-found": { kind: "not-found", when: "no container has this name or id" },
  "container-not-running": { kind: "conflict", when: "the operation needs a running container" },
  "container-state": { kind: "conflict", when: "the container's state does not allow the operation" },
  "container-unhealthy": { kind: "unavailable", when: "a health check that was waited for failed as often as it may" },
  "credential-helper-failed": {
    kind: "unavailable",
    when: "a credential helper of Docker could not be run, or its answer makes no sense",
  },
  "digest-mismatch": { kind: "internal", when: "content does not have the digest it was announced with" },
  "disk-full": { kind: "unavailable", when: "the disk of the state folder is full" },
  "engine-start-failed": { kind: "unavailable", when: "the engine did not come up" },
  "engine-unreachable": { kind: "unavailable", when: "no container engine answers at the endpoint" },
  "exec-not-found": { kind: "not-found", when: "no exec session has this id" },
  "executable-not-found": { kind: "invalid", when: "the container's command does not exist in the image" },
  "executable-not-permitted": { kind: "invalid", when: "the container's command may not be executed" },
  "forwarder-failed": {
    kind: "unavailable",
    when: "ports of the host could not be exposed to containers of another daemon",
  },
  "image-exists-nowhere": { kind: "not-found", when: "neither the store nor the registry has the image" },
  "image-in-use": { kind: "conflict", when: "an image that containers or other tags use is to be removed" },
  "image-incomplete": {
    kind: "not-found",
    when: "files of an image were lost, by a power cut or by hand, and what they were unpacked from is gone too",
  },
  "image-invalid": { kind: "invalid", when: "a manifest, config or archive is malformed" },
  "image-not-found": { kind: "not-found", when: "the store has no such image" },
  internal: { kind: "internal", when: "a defect of this package" },
  "invalid-argument": { kind: "invalid", when: "an argument is malformed or contradicts another" },
  "invalid-reference": { kind: "invalid", when: "an image reference is malformed" },
  "layer-invalid": { kind: "invalid", when: "a layer has an entry that would leave its folder, or is no tar archive" },
  "layer-too-large": { kind: "invalid", when: "a layer unpacks to more bytes or entries than allowed" },
  "name-in-use": { kind: "conflict", when: "a container, network or volume of this name exists already" },
  "network-in-use": { kind: "forbidden", when: "a network that containers use is to be removed" },
  "network-not-found": { kind: "not-found", when: "no network has this name or id" },
  "no-address-left": { kind: "unavailable", when: "an address pool is used up" },
  "not-implemented": { kind: "unimplemented", when: "this engine leaves the feature out" },
  "not-modified": { kind: "not-modified", when: "the container is in the wanted state already" },
  "page-not-found": { kind: "not-found", when: "the engine's API has no such path" },
  "path-not-found": { kind: "not-found", when: "a container has no such file or folder" },
  "permission-denied": { kind: "forbidden", when: "the operating system denies access" },
  "platform-unavailable": { kind: "not-found", when: "the image does not exist for this platform" },
  "port-in-use": { kind: "internal", when: "a published port is taken on the host" },
  "predefined-network": { kind: "forbidden", when: "a predefined network is to be changed" },
  "reaper-failed": { kind: "unavailable", when: "the container that clears up on another daemon did not start" },
  "registries-conf-invalid": { kind: "invalid", when: "a registries.conf cannot be read or says something malformed" },
  "registry-blocked": { kind: "forbidden", when: "a registries.conf blocks the registry of an image" },
  "registry-error": { kind: "internal", when: "a registry gave an answer that makes no sense" },
  "registry-rate-limited": { kind: "unavailable", when: "a registry refuses more requests for now" },
  "registry-slow": {
    kind: "unavailable",
    when: "a registry sends so slowly that its answer would not come in reasonable time",
  },
  "registry-unauthorized": { kind: "unauthorized", when: "a registry wants other credentials" },
  "registry-unreachable": { kind: "internal", when: "a registry cannot be reached" },
  "resources-exhausted": {
    kind: "unavailable",
    when: "the engine or the machine has no file descriptor, process or memory left",
  },
  "runc-missing": { kind: "unavailable", when: "runc is not installed" },
  "runc-too-old": { kind: "unavailable", when: "runc is older than 1.1" },
  "size-mismatch": { kind: "internal", when: "content does not have the size it was announced with" },
  "ssh-host-key-refused": {
    kind: "forbidden",
    when: "an SSH server has another host key than the known one, or a revoked one",
  },
  "ssh-host-key-unknown": { kind: "forbidden", when: "the host key of an SSH server is not in `~/.ssh/known_hosts`" },
  "ssh-login-refused": { kind: "unauthorized", when: "an SSH server takes no key that this user has" },
  "start-failed": { kind: "unavailable", when: "a container did not become ready" },
  "state-too-new": { kind: "unavailable", when: "the state folder belongs to a newer version" },
  "subnet-in-use": { kind: "forbidden", when: "a network's subnet overlaps with that of another" },
  "swarm-inactive": { kind: "unavailable", when: "a swarm endpoint is asked; this engine has no swarm" },
  timeout: { kind: "unavailable", when: "an operation took longer than its deadline" },
  "tls-certificate-refused": {
    kind: "forbidden",
    when: "the certificate of a daemon is not trusted, is not for its host, or is not valid now",
  },
  "tls-login-refused": { kind: "unauthorized", when: "a daemon wants another client certificate, or one at all" },
  "tool-missing": { kind: "unavailable", when: "a system tool this package needs is not installed" },
  "user-unknown": { kind: "invalid", when: "the image has no such user or group" },
  "volume-in-use": { kind: "conflict", when: "a volume that containers use is to be removed" },
  "volume-not-found": { kind: "not-found", when: "no volume has this name" },
  "wait-timeout": { kind: "unavailable", when: "a wait strategy did not come true in time" },
};

export interface ErrorDetails {
  readonly cause?: unknown;
  /** Facts for programs: command, exit code, URL, last log lines. Never credentials. */
  readonly evidence?: Readonly<Record<string, unknown>>;
}

/** The one error class of this package. The message says verb and object, then what to do next. */
export class RuncibleError extends Error {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly evidence: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "RuncibleError";
    this.code = code;
    this.kind = errorTable[code].kind;
    this.evidence = details.evidence ?? {};
  }
}

/** Works across two copies of the package, Jest's vm realms and Node's own errors, where `instanceof` does not. */
export function hasCode(error: unknown, code: ErrorCode | NodeErrorCode): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === code;
}

type NodeErrorCode = `E${Uppercase<string>}`;

export function isRuncibleError(error: unknown): error is RuncibleError {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    error.code in errorTable &&
    "kind" in error
  );
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
