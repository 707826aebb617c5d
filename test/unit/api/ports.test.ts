import { expect, test } from "vitest";
import {
  BoundPorts,
  getContainerPort,
  hasHostBinding,
  type PortWithOptionalBinding,
  RandomPortGenerator,
} from "../../../src/index";

test("a port is a number, a text with protocol, or an object", () => {
  expect(getContainerPort(80)).toBe(80);
  expect(getContainerPort("80/udp")).toBe(80);
  expect(getContainerPort({ container: 80, host: 1 })).toBe(80);
  expect(() => getContainerPort("80/sctp" as PortWithOptionalBinding)).toThrow("Invalid port format: 80/sctp");
});

test("host port 0 counts as bound, none does not", () => {
  expect(hasHostBinding({ container: 80, host: 0 })).toBe(true);
  expect(hasHostBinding({ container: 80 } as PortWithOptionalBinding)).toBe(false);
  expect(hasHostBinding(80)).toBe(false);
});

test("bindings are found by number, text and protocol", () => {
  const ports = new BoundPorts();
  ports.setBinding(80, 1000);
  ports.setBinding("53/UDP", 1001);

  expect(ports.getBinding(80)).toBe(1000);
  expect(ports.getBinding("80")).toBe(1000);
  expect(ports.getBinding(53, "UDP")).toBe(1001);
  expect(ports.getBinding("53/udp", "tcp")).toBe(1001);
  expect(ports.getFirstBinding()).toBe(1000);
  expect(() => ports.getBinding(81)).toThrow("No port binding found for :81/tcp");
  expect(() => new BoundPorts().getFirstBinding()).toThrow("No port bindings found");
  expect([...ports.filter(["53/udp"]).iterator()]).toEqual([["53/udp", 1001]]);
});

test("of several bindings the one of the host's first address family is chosen", () => {
  const ports = {
    "80/tcp": [
      { hostIp: "0.0.0.0", hostPort: 4 },
      { hostIp: "::", hostPort: 6 },
    ],
  };
  const ipv6First = [
    { address: "::1", family: 6 },
    { address: "127.0.0.1", family: 4 },
  ];

  expect(BoundPorts.fromInspectResult(ipv6First, { ports }).getBinding(80)).toBe(6);
  expect(() => BoundPorts.fromInspectResult([], { ports })).toThrow("No host port found for host IP");
  expect(BoundPorts.fromInspectResult([], { ports: { "1/tcp": [{ hostIp: "", hostPort: 9 }] } }).getBinding(1)).toBe(9);
});

test("random ports differ", async () => {
  const generator = new RandomPortGenerator();
  const ports = await Promise.all([generator.generatePort(), generator.generatePort(), generator.generatePort()]);

  expect(new Set(ports).size).toBe(3);
});
