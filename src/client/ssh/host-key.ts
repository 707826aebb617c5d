import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ServerHostKeyAlgorithm } from "ssh2";
import { hasCode, messageOf, RuncibleError } from "../../internal/errors";
import { describeEndpoint, type SshEndpoint } from "../endpoint";
import { judgeHostKey, type KnownHost, knownKeyTypes, parseKnownHosts } from "./known-hosts";

/** What this user knows of a host. */
export interface HostKeys {
  /** What to ask the host for, best first. */
  readonly algorithms: readonly ServerHostKeyAlgorithm[];
  /** Throws `ssh-host-key-unknown` or `ssh-host-key-refused`. */
  check(key: Buffer): void;
}

/** Signatures with SHA-1 are not among them. */
const algorithms: readonly ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];

/** Reads `~/.ssh/known_hosts`; none is an empty one. Throws `ssh-host-key-unknown` when it cannot be read. */
export async function readHostKeys(endpoint: SshEndpoint): Promise<HostKeys> {
  const { homeFolder } = endpoint.identity;
  const file = join(homeFolder ?? "~", ".ssh", "known_hosts");
  const known = homeFolder === undefined ? [] : parseKnownHosts(await readKnownHosts(endpoint, file));
  const types = knownKeyTypes(known, endpoint);
  const isKnown = (algorithm: string): boolean => types.has(algorithm.startsWith("rsa-") ? "ssh-rsa" : algorithm);
  return {
    // A host with keys of several types shows the one that it is asked for first.
    algorithms: [...algorithms.filter(isKnown), ...algorithms.filter((algorithm) => !isKnown(algorithm))],
    check: (key) => check(endpoint, known, file, key),
  };
}

function readKnownHosts(endpoint: SshEndpoint, file: string): Promise<string> {
  return readFile(file, "utf8").catch((error: unknown) => {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return "";
    throw unreadable(endpoint, file, error);
  });
}

function unreadable(endpoint: SshEndpoint, file: string, cause: unknown): RuncibleError {
  return new RuncibleError(
    "ssh-host-key-unknown",
    `connect to ${describeEndpoint(endpoint)}: its host key cannot be compared: read ${file}: ${messageOf(cause)}; ` +
      "let this user read it",
    { cause },
  );
}

function check(endpoint: SshEndpoint, known: readonly KnownHost[], file: string, key: Buffer): void {
  const verdict = judgeHostKey(known, endpoint, key);
  if (verdict.kind === "known") return;
  const start = `connect to ${describeEndpoint(endpoint)}: its host key (${describeKey(key)})`;
  const command = sshCommand(endpoint);
  switch (verdict.kind) {
    case "unknown":
      throw new RuncibleError(
        "ssh-host-key-unknown",
        `${start} is not in ${file}; connect once with "${command}", and compare the key there`,
      );
    case "revoked":
      throw new RuncibleError("ssh-host-key-refused", `${start} is revoked by line ${verdict.line} of ${file}`);
    case "changed":
      throw new RuncibleError(
        "ssh-host-key-refused",
        `${start} is not that of line ${verdict.line} of ${file}: it was changed, or another machine answers in its place; ` +
          `if you know that it was changed, remove the line and connect once with "${command}"`,
      );
  }
}

/** As `ssh` prints it. */
function describeKey(key: Buffer): string {
  const hash = createHash("sha256").update(key).digest("base64").replace(/=+$/, "");
  return `${key.subarray(4, 4 + key.readUInt32BE(0)).toString("latin1")} SHA256:${hash}`;
}

function sshCommand({ user, host, port }: SshEndpoint): string {
  return ["ssh", ...(port === 22 ? [] : ["-p", port]), user === undefined ? host : `${user}@${host}`].join(" ");
}
