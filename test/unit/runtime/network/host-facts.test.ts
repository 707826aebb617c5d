import { expect, test } from "vitest";
import { parseResolvers } from "../../../../src/runtime/network/dns/resolvers";
import { parseRoutes } from "../../../../src/runtime/network/host-routes";
import { hostIpsOf, portCandidates } from "../../../../src/runtime/network/ports/host-ports";
import { parseSocketTable } from "../../../../src/runtime/network/ports/listening";
import { chooseChain, parseLinks, parseRules } from "../../../../src/runtime/network/uplink/host-firewall";

test("routes of every kind count, the default route does not", () => {
  const text = [
    "default via 10.0.0.1 dev eth0 ",
    "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2 ",
    "blackhole 10.9.0.0/16 ",
    "local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1 ",
    "broadcast 10.0.0.255 dev eth0 table local ",
    "0.0.0.0/0 dev tun0 ",
    "",
  ].join("\n");
  expect(parseRoutes(text)).toEqual(["10.0.0.0/24", "10.9.0.0/16", "127.0.0.0/8", "10.0.0.255"]);
});

const header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const rest = "00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0";

test("listening TCP sockets are told from connections, and loopback from the rest", () => {
  const text = [
    header,
    `   0: 0100007F:0050 00000000:0000 0A ${rest}`,
    `   1: 00000000:1538 00000000:0000 0A ${rest}`,
    `   2: 0100007F:0050 0100007F:9C40 01 ${rest}`,
  ].join("\n");
  expect(parseSocketTable(text, "tcp")).toEqual([
    { port: 80, protocol: "tcp", address: "127.0.0.1", isLoopbackOnly: true },
    { port: 5432, protocol: "tcp", address: "0.0.0.0", isLoopbackOnly: false },
  ]);
});

test("IPv6 tables have loopback in two forms", () => {
  const any = "0".repeat(32);
  const text = [
    `   0: 00000000000000000000000001000000:0050 ${any}:0000 07 ${rest}`,
    `   1: 0000000000000000FFFF00000100007F:0051 ${any}:0000 07 ${rest}`,
    `   2: ${any}:0052 ${any}:0000 07 ${rest}`,
    `   3: 000080FE0000000000000000FF0A4200:0053 ${any}:0000 07 ${rest}`,
  ].join("\n");
  expect(parseSocketTable(text, "udp").map(({ address, isLoopbackOnly }) => [address, isLoopbackOnly])).toEqual([
    ["::1", true],
    ["127.0.0.1", true],
    ["::", false],
    ["fe80::42:aff", false],
  ]);
});

test("resolvers are read as the C library reads them", () => {
  const text = "# nameserver 9.9.9.9\nsearch x\nnameserver 127.0.0.53\n nameserver\tfe80::1%eth0\nnameserver bad\n";
  expect(parseResolvers(text)).toEqual(["127.0.0.53", "fe80::1%eth0"]);
  expect(parseResolvers("nameserver 1.1.1.1\n".repeat(5))).toHaveLength(3);
  expect(parseResolvers("")).toEqual(["127.0.0.1"]);
});

test("a port without address is for this machine alone", () => {
  expect(hostIpsOf({})).toEqual(["127.0.0.1", "::1"]);
  expect(hostIpsOf({ hostIp: "" })).toEqual(["127.0.0.1", "::1"]);
  expect(hostIpsOf({ hostIp: "0.0.0.0" })).toEqual(["0.0.0.0"]);
});

test("a range is tried from its beginning", () => {
  expect(portCandidates({ first: 8000, last: 8002 })).toEqual([8000, 8001, 8002]);
  expect(portCandidates({ first: 80, last: 80 })).toEqual([80]);
  expect(new Set(portCandidates({ first: 0, last: 0 }))).toEqual(new Set([0]));
});

test("every link of the kernel's list is found", () => {
  const text = [
    "Inter-|   Receive                                                |  Transmit",
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes",
    "    lo:     120       2    0    0    0     0          0         0      120",
    "rc0c105ed1: 1104      12    0    0    0     0          0         0     1174",
    "",
  ].join("\n");
  expect(parseLinks(text)).toEqual(["lo", "rc0c105ed1"]);
});

test("the way through a firewall is Docker's chain for users, else the chain that drops", () => {
  expect(chooseChain("-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n")).toBeUndefined();
  expect(chooseChain("-P FORWARD DROP\n-N ufw-before-forward\n")).toBe("FORWARD");
  expect(chooseChain("-P FORWARD DROP\n-N DOCKER\n-N DOCKER-USER\n-A FORWARD -j DOCKER-USER\n")).toBe("DOCKER-USER");
  expect(chooseChain("")).toBeUndefined();
});

test("of all rules of a firewall only those that an engine made are its own", () => {
  const listing = [
    "-A FORWARD -j DOCKER-USER",
    "-A FORWARD -o rc00000001 -m comment --comment runcible -j ACCEPT",
    '-A DOCKER-USER -i rc00000002 -m comment --comment "runcible" -j ACCEPT',
    "-A DOCKER-USER -i eth0 -j ACCEPT",
  ].join("\n");
  expect(parseRules(listing)).toEqual([
    { chain: "FORWARD", direction: "-o", link: "rc00000001" },
    { chain: "DOCKER-USER", direction: "-i", link: "rc00000002" },
  ]);
});
