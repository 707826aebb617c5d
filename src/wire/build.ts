/**
 * Ours: secrets for `RUN --mount=type=secret`, as base64 of a JSON object from ids to base64 values. Docker's classic
 * build has no way for them.
 */
export const secretsHeader = "x-runcible-build-secrets";

export function encodeSecrets(secrets: ReadonlyMap<string, Buffer>): string {
  const json = Object.fromEntries([...secrets].map(([id, value]) => [id, value.toString("base64")]));
  return Buffer.from(JSON.stringify(json)).toString("base64");
}

/**
 * Ours: agents for `RUN --mount=type=ssh`, as base64 of a JSON object from ids to paths of sockets on the engine's
 * machine.
 */
export const agentsHeader = "x-runcible-build-ssh";

export function encodeAgents(agents: ReadonlyMap<string, string>): string {
  return Buffer.from(JSON.stringify(Object.fromEntries(agents))).toString("base64");
}

/** Answer of `POST /build/prune`. */
export interface BuildPruned {
  readonly CachesDeleted: readonly string[] | null;
  readonly SpaceReclaimed: number;
}
