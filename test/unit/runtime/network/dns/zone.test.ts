import { expect, test } from "vitest";
import { createDnsZone, type DnsZone, type NamedEndpoint } from "../../../../../src/runtime/network/dns/zone";

function endpoint(address: string, names: readonly string[], changes: Partial<NamedEndpoint> = {}): NamedEndpoint {
  const known = { networkId: "n1", networkName: "back", answersNames: true, isInternal: false, resolvers: [] };
  return { ...known, address, names, ...changes };
}

function zoneOf(...sandboxes: readonly (readonly NamedEndpoint[])[]): DnsZone {
  const zone = createDnsZone();
  for (const [index, endpoints] of sandboxes.entries()) zone.set(`s${index}`, endpoints);
  return zone;
}

const ask = (zone: DnsZone, name: string, type: "A" | "AAAA" | "PTR" | "MX" = "A", source = "10.0.0.2"): unknown =>
  zone.decide(source, { name, type });

test("names are found without regard to case, alone and with the network's name", () => {
  const zone = zoneOf([endpoint("10.0.0.2", ["web"])], [endpoint("10.0.0.3", ["Db"])]);
  for (const name of ["db", "DB", "db.back", "Db.Back"]) {
    expect(ask(zone, name)).toEqual({ kind: "addresses", addresses: ["10.0.0.3"] });
  }
});

test("a name that several have gives all addresses, each time another first", () => {
  const zone = zoneOf([endpoint("10.0.0.2", ["a", "all"])], [endpoint("10.0.0.3", ["b", "all"])]);
  expect(ask(zone, "all")).toEqual({ kind: "addresses", addresses: ["10.0.0.2", "10.0.0.3"] });
  expect(ask(zone, "all")).toEqual({ kind: "addresses", addresses: ["10.0.0.3", "10.0.0.2"] });
});

test("a known name has no IPv6 address rather than not existing", () => {
  const zone = zoneOf([endpoint("10.0.0.2", ["web"])]);
  expect(ask(zone, "web", "AAAA")).toEqual({ kind: "empty" });
  expect(ask(zone, "web", "MX")).toEqual({ kind: "empty" });
});

test("names of networks that the asking one is not on are unknown to it", () => {
  const zone = zoneOf(
    [endpoint("10.0.0.2", ["web"])],
    [endpoint("10.1.0.2", ["secret"], { networkId: "n2", networkName: "other" })],
  );
  expect(ask(zone, "secret")).toEqual({ kind: "unknown" });
  expect(ask(zone, "secret.other")).toEqual({ kind: "forward", resolvers: [] });
});

test("a sandbox on two networks finds names on both, whichever it asks through", () => {
  const other = { networkId: "n2", networkName: "other" };
  const zone = zoneOf(
    [endpoint("10.0.0.2", ["web"]), endpoint("10.1.0.2", ["web"], other)],
    [endpoint("10.1.0.3", ["db"], other)],
  );
  expect(ask(zone, "db")).toEqual({ kind: "addresses", addresses: ["10.1.0.3"] });
});

test("an address points back to the first name", () => {
  const zone = zoneOf([endpoint("10.0.0.2", ["web", "w"])]);
  expect(ask(zone, "2.0.0.10.in-addr.arpa", "PTR")).toEqual({ kind: "pointer", name: "web.back" });
  expect(ask(zone, "8.8.8.8.in-addr.arpa", "PTR")).toEqual({ kind: "forward", resolvers: [] });
});

test("single labels are never asked of the outside, other names are", () => {
  const zone = zoneOf([endpoint("10.0.0.2", ["web"])]);
  expect(ask(zone, "nobody")).toEqual({ kind: "unknown" });
  expect(ask(zone, "example.com")).toEqual({ kind: "forward", resolvers: [] });
  expect(ask(zone, "com", "MX")).toEqual({ kind: "forward", resolvers: [] });
});

test("the default bridge only forwards", () => {
  const bridge = { answersNames: false };
  const zone = zoneOf([endpoint("10.0.0.2", ["web"], bridge)], [endpoint("10.0.0.3", ["db"], bridge)]);
  expect(ask(zone, "db")).toEqual({ kind: "forward", resolvers: [] });
});

test("a sandbox without a way out gets nothing from outside, not even names", () => {
  const zone = zoneOf([endpoint("10.0.0.2", ["web"], { isInternal: true })]);
  expect(ask(zone, "example.com")).toEqual({ kind: "refuse" });
  expect(ask(zone, "web")).toEqual({ kind: "addresses", addresses: ["10.0.0.2"] });
});

test("a forgotten sandbox neither asks nor is found", () => {
  const zone = zoneOf([endpoint("10.0.0.2", ["web"])], [endpoint("10.0.0.3", ["db"])]);
  zone.set("s1", []);
  expect(ask(zone, "db")).toEqual({ kind: "unknown" });
  expect(ask(zone, "web", "A", "10.0.0.3")).toEqual({ kind: "refuse" });
});

test("what no container is called is for the resolvers that the asking one chose", () => {
  const zone = zoneOf(
    [endpoint("10.0.0.2", ["web"], { resolvers: ["192.0.2.1", "10.0.0.3"] })],
    [endpoint("10.0.0.3", ["names"])],
  );
  expect(ask(zone, "names")).toEqual({ kind: "addresses", addresses: ["10.0.0.3"] });
  expect(ask(zone, "example.org")).toEqual({ kind: "forward", resolvers: ["192.0.2.1", "10.0.0.3"] });
  expect(ask(zone, "example.org", "A", "10.0.0.3")).toEqual({ kind: "forward", resolvers: [] });
});

test("without a way out only a resolver that is a container is asked", () => {
  const inside = { isInternal: true };
  const zone = zoneOf(
    [endpoint("10.0.0.2", ["web"], { ...inside, resolvers: ["192.0.2.1", "10.0.0.3"] })],
    [endpoint("10.0.0.3", ["names"], inside)],
  );
  expect(ask(zone, "example.org")).toEqual({ kind: "forward", resolvers: ["10.0.0.3"] });
  expect(ask(zone, "example.org", "A", "10.0.0.3")).toEqual({ kind: "refuse" });
});
