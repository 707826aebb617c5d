import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { randomId } from "../../../src/internal/ids";
import { silentLogger } from "../../../src/internal/log";
import {
  type EndpointRequest,
  type NetworkDefinition,
  type NetworkStack,
  type NetworkStackOptions,
  startNetworkStack,
} from "../../../src/runtime/network/stack";

/** The compiled stack: the agent is a process of its own, and node runs no TypeScript. */
export const buildFolder: string = new URL("../../../build/", import.meta.url).pathname;

/** A stack that is gone, with its folder, when the test is over. */
export async function openStack(options: Partial<NetworkStackOptions> = {}): Promise<NetworkStack> {
  const runFolder = await mkdtemp(join(tmpdir(), "runcible-network-"));
  onTestFinished(() => rm(runFolder, { recursive: true, force: true }));
  const stack = await startNetworkStack({
    engineId: randomBytes(4).toString("hex"),
    runFolder,
    logger: silentLogger,
    agentPath: join(buildFolder, "runtime/network/agent-main.js"),
    ...options,
  });
  onTestFinished(() => stack.close());
  return stack;
}

/** Adds a network; `third` makes its subnet 10.213.<third>.0/24. */
export async function addNetwork(
  stack: NetworkStack,
  third: number,
  changes: Partial<NetworkDefinition> = {},
): Promise<NetworkDefinition> {
  const network = {
    id: randomId(),
    name: `net${third}`,
    subnet: `10.213.${third}.0/24`,
    gateway: `10.213.${third}.1`,
    isInternal: false,
    answersNames: true,
    ...changes,
  };
  await stack.addNetwork(network);
  return network;
}

export function on(network: NetworkDefinition, ...dnsNames: readonly string[]): EndpointRequest {
  return { networkId: network.id, dnsNames };
}
