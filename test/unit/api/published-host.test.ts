import { expect, test } from "vitest";
import { defaultGateway, type HostFacts, publishedHostOf } from "../../../src/api/runtime/published-host";

const routes = [
  "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
  "eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0",
  "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0",
  "",
].join("\n");
const docker = { kind: "unix", path: "/var/run/docker.sock" } as const;
const podman = { kind: "unix", path: "/run/podman/podman.sock" } as const;
const gateways: Readonly<Record<string, string>> = { bridge: "172.17.0.1", podman: "10.88.0.1" };

const inContainer: HostFacts = {
  endpoint: docker,
  isOwnEngine: false,
  override: undefined,
  isInContainer: true,
  gatewayOf: async (network) => gateways[network],
  routes: async () => routes,
};
const without: Partial<HostFacts> = { gatewayOf: async () => undefined };

test.each<[name: string, facts: Partial<HostFacts>, host: string]>([
  ["what the user says", { override: "elsewhere", endpoint: { kind: "tcp", host: "far", port: 1 } }, "elsewhere"],
  ["a daemon elsewhere", { endpoint: { kind: "tcp", host: "far", port: 1 } }, "far"],
  ["no container", { isInContainer: false }, "localhost"],
  ["our own engine in a container", { isOwnEngine: true }, "localhost"],
  ["Docker's socket in a container", {}, "172.17.0.1"],
  ["Podman's socket in a container", { endpoint: podman }, "10.88.0.1"],
  ["a daemon without the usual network", without, "172.17.0.1"],
  ["Podman without the usual network", { ...without, endpoint: podman }, "172.17.0.1"],
  ["no gateway at all", { ...without, routes: async () => "" }, "localhost"],
])("where published ports are: %s", async (_name, facts, host) => {
  expect(await publishedHostOf({ ...inContainer, ...facts })).toBe(host);
});

test("a default gateway is that of the route to everywhere", () => {
  expect(defaultGateway(routes)).toBe("172.17.0.1");
  expect(defaultGateway(routes.split("\n").slice(0, 2).join("\n"))).toBeUndefined();
});
