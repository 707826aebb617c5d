import { createHash } from "node:crypto";
import { hasShape } from "../../internal/json-shape";
import type { NetworkSpec } from "../routes/network-service";

export interface NetworkRecord {
  readonly id: string;
  readonly createdAt: string;
  readonly spec: NetworkSpec;
}

/** Of what is in a file. */
export function isNetworkRecord(value: unknown, id: string): value is NetworkRecord {
  if (!hasShape(value, { id: "string", createdAt: "string", spec: "object" })) return false;
  const { id: ownId, spec } = value as NetworkRecord;
  const shape = { name: "string", driver: "string", subnets: "array", options: "object", labels: "object" } as const;
  return ownId === id && hasShape(spec, shape);
}

/** The networks that are always there. Their ids are stable, so that clients may remember them. */
export const predefinedNames = ["bridge", "host", "none"] as const;
export type PredefinedName = (typeof predefinedNames)[number];

const drivers: Readonly<Record<PredefinedName, string>> = { bridge: "bridge", host: "host", none: "null" };

export function isPredefined(name: string): name is PredefinedName {
  return predefinedNames.some((known) => known === name);
}

/** `bridge` still needs a subnet, which depends on what the machine uses already. */
export function predefinedNetwork(name: PredefinedName, engineId: string, createdAt: string): NetworkRecord {
  const id = createHash("sha256").update(`${engineId}/${name}`).digest("hex");
  const options: Readonly<Record<string, string>> =
    name === "bridge"
      ? { "com.docker.network.bridge.default_bridge": "true", "com.docker.network.bridge.name": "docker0" }
      : {};
  const spec: NetworkSpec = {
    name,
    driver: drivers[name],
    isInternal: false,
    isAttachable: false,
    subnets: [],
    options,
    labels: {},
  };
  return { id, createdAt, spec };
}
