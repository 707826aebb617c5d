import { expect, test } from "vitest";
import {
  bridgeName,
  type EndpointPlan,
  linkName,
  macAddressOf,
  nextInterfaceName,
  planAddress,
  planBridge,
  planCable,
  planRoutes,
  planUplink,
} from "../../../../src/runtime/network/link-plan";

const endpoint: EndpointPlan = {
  endpointId: "0123456789abcdef".repeat(4),
  bridge: "br-aaaaaaaaaaaa",
  ipv4Address: "172.18.0.2",
  prefixLength: 16,
  gateway: "172.18.0.1",
  macAddress: "02:42:ac:12:00:02",
  interfaceName: "eth0",
  isInternal: false,
  gatewayPriority: 0,
};
const second = { ...endpoint, gateway: "172.19.0.1", interfaceName: "eth1" };

test("names of links fit the kernel's 15 characters", () => {
  const id = "f".repeat(64);
  for (const name of [bridgeName({ id, isInternal: true }), bridgeName({ id, isInternal: false }), linkName(id)]) {
    expect(name).toHaveLength(15);
  }
});

test("a hardware address tells the IP address, as in Docker", () => {
  expect(macAddressOf("172.18.0.10")).toBe("02:42:ac:12:00:0a");
  expect(macAddressOf("1.2.3.4")).toBe("02:42:01:02:03:04");
});

test("interfaces fill gaps", () => {
  expect(nextInterfaceName([])).toBe("eth0");
  expect(nextInterfaceName(["eth0", "eth2"])).toBe("eth1");
});

test("a bridge gets its own hardware address and the gateway's IP address", () => {
  expect(planBridge({ bridge: "br-1", gateway: "10.1.0.1", prefixLength: 24 })).toEqual([
    "link add br-1 address 02:42:0a:01:00:01 type bridge",
    "addr add 10.1.0.1/24 dev br-1",
    "link set br-1 up",
  ]);
});

test("a cable leads from the bridge into the sandbox", () => {
  expect(planCable(endpoint, "/run/netns/x")).toEqual([
    "link add ve0123456789abc type veth peer name eth0 address 02:42:ac:12:00:02 netns /run/netns/x",
    "link set ve0123456789abc master br-aaaaaaaaaaaa up",
  ]);
  expect(planAddress(endpoint)).toEqual(["addr add 172.18.0.2/16 brd + dev eth0", "link set eth0 up"]);
});

test("the switch sends what it does not know to the host", () => {
  expect(planUplink({ address: "10.255.0.2", gateway: "10.255.0.1" })).toContain(
    "route add default via 10.255.0.1 dev uplink",
  );
});

test("the first endpoint has the default route and the way to the name server", () => {
  expect(planRoutes([endpoint, second])).toEqual([
    "route replace 169.254.127.10/31 via 172.18.0.1 dev eth0",
    "route replace default via 172.18.0.1 dev eth0",
  ]);
});

test("a higher priority takes the default route", () => {
  expect(planRoutes([endpoint, { ...second, gatewayPriority: 1 }])).toContain(
    "route replace default via 172.19.0.1 dev eth1",
  );
});

test("an internal network is no way out, but the name server is reached through it", () => {
  const internal = { ...endpoint, isInternal: true, gatewayPriority: 9 };
  expect(planRoutes([internal])).toEqual(["route replace 169.254.127.10/31 via 172.18.0.1 dev eth0"]);
  expect(planRoutes([internal, second])).toContain("route replace default via 172.19.0.1 dev eth1");
  expect(planRoutes([])).toEqual([]);
});
