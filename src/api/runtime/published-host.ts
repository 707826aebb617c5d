import { readFile } from "node:fs/promises";
import type { EngineClient } from "../../client/client";

/** What tells where a daemon's published ports are. */
export interface HostFacts {
  readonly endpoint: EngineClient["endpoint"];
  readonly isOwnEngine: boolean;
  /** What the user says. */
  readonly override: string | undefined;
  /** Whether this process is in a container of Docker. */
  readonly isInContainer: boolean;
  /** Of a network of the daemon; undefined where there is no such network. */
  gatewayOf(network: string): Promise<string | undefined>;
  /** Text of `/proc/net/route`. */
  routes(): Promise<string>;
}

/** The name or address under which published ports of the daemon are reached from here. */
export async function publishedHostOf(facts: HostFacts): Promise<string> {
  const { endpoint, isOwnEngine, override, isInContainer } = facts;
  if (override !== undefined) return override;
  if (endpoint.kind !== "unix") return endpoint.host;
  // Our engine shares the network of whoever reaches its socket; a mounted socket of a Docker outside does not.
  if (isOwnEngine || !isInContainer) return "localhost";
  const network = endpoint.path.includes("podman.sock") ? "podman" : "bridge";
  // The daemon's machine is the router of its containers, whatever their network is called.
  return (await facts.gatewayOf(network)) ?? defaultGateway(await facts.routes()) ?? "localhost";
}

export async function gatewayOf(engine: EngineClient, network: string): Promise<string | undefined> {
  const found = await engine.networks.inspect(network).catch(() => undefined);
  return found?.IPAM.Config?.find(({ Gateway }) => Gateway)?.Gateway || undefined;
}

/** Of the network namespace of this process; empty where that cannot be read. */
export function ownRoutes(): Promise<string> {
  return readFile("/proc/net/route", "utf8").catch(() => "");
}

const everywhere = "00000000";

/** proc_net_route: addresses are hexadecimal, in the byte order of the machine, which is little-endian. Pure. */
export function defaultGateway(routes: string): string | undefined {
  for (const line of routes.split("\n").slice(1)) {
    const [, destination, gateway = everywhere] = line.trim().split(/\s+/);
    if (destination !== everywhere || gateway === everywhere) continue;
    return [...Buffer.from(gateway, "hex")].reverse().join(".");
  }
  return undefined;
}
