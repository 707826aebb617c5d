import { expect, test } from "vitest";
import { createAddressPool } from "../../../../src/runtime/network/address-pool";
import { chooseSubnet, contains, overlaps, parseSubnet } from "../../../../src/runtime/network/subnets";
import { chooseUplink } from "../../../../src/runtime/network/uplink/address";

test("the first network gets Docker's first pool", () => {
  expect(chooseSubnet([])).toEqual({ subnet: "172.17.0.0/16", gateway: "172.17.0.1" });
});

test("pools that overlap with something taken are passed over", () => {
  expect(chooseSubnet(["172.17.4.0/24", "172.18.0.0/15"]).subnet).toBe("172.20.0.0/16");
  expect(chooseSubnet(["172.16.0.0/12"]).subnet).toBe("192.168.0.0/20");
});

test("a machine whose routes cover every pool has no subnet left", () => {
  expect(() => chooseSubnet(["172.16.0.0/12", "192.168.0.0/16"])).toThrow(
    expect.objectContaining({ code: "no-address-left" }),
  );
});

test("host bits of a subnet are dropped", () => {
  expect(parseSubnet("10.1.2.3/24")).toMatchObject({ prefixLength: 24, size: 256, gateway: "10.1.2.1" });
});

test.each(["10.0.0.0", "10.0.0.0/31", "10.0.0.0/0", "10.0.0/8", "fd00::/64", "10.0.0.0/x", ""])(
  "%j is no subnet for a network",
  (text) => {
    expect(() => parseSubnet(text)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  },
);

test("ranges overlap when one contains the other, and not when they touch", () => {
  expect(overlaps("10.0.0.0/8", "10.200.1.1")).toBe(true);
  expect(overlaps("10.0.0.0/24", "10.0.1.0/24")).toBe(false);
  expect(overlaps("0.0.0.0/0", "192.168.1.0/24")).toBe(true);
});

test("a range contains itself and its parts, not what goes beyond", () => {
  expect(contains("10.0.0.0/24", "10.0.0.0/24")).toBe(true);
  expect(contains("10.0.0.0/24", "10.0.0.255")).toBe(true);
  expect(contains("10.0.0.0/24", "10.0.0.0/23")).toBe(false);
  expect(contains("10.0.0.0/24", "10.0.1.0")).toBe(false);
});

test("addresses are given out from the lowest and again after their return", () => {
  const pool = createAddressPool("172.20.0.0/16", "172.20.0.1");
  expect([pool.take(), pool.take(), pool.take()]).toEqual(["172.20.0.2", "172.20.0.3", "172.20.0.4"]);
  pool.give("172.20.0.3");
  expect(pool.take()).toBe("172.20.0.3");
});

test("a wanted address is honoured once", () => {
  const pool = createAddressPool("172.20.0.0/16", "172.20.0.1");
  expect(pool.take("172.20.0.2")).toBe("172.20.0.2");
  expect(pool.take()).toBe("172.20.0.3");
  expect(() => pool.take("172.20.0.2")).toThrow(expect.objectContaining({ code: "invalid-argument" }));
});

test.each(["172.21.0.5", "172.20.0.0", "172.20.255.255", "172.20.0.1", "here"])("%s cannot be asked for", (address) => {
  const pool = createAddressPool("172.20.0.0/16", "172.20.0.1");
  expect(() => pool.take(address)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
});

test("a small network runs out of addresses", () => {
  const pool = createAddressPool("10.9.0.0/30", "10.9.0.1");
  expect(pool.take()).toBe("10.9.0.2");
  expect(() => pool.take()).toThrow(expect.objectContaining({ code: "no-address-left" }));
});

test("with a range of its own a network gives out addresses of that, and others when asked", () => {
  const pool = createAddressPool("10.9.0.0/24", "10.9.0.1", "10.9.0.128/30");
  expect(pool.take("10.9.0.5")).toBe("10.9.0.5");
  expect([pool.take(), pool.take(), pool.take(), pool.take()].at(-1)).toBe("10.9.0.131");
  expect(() => pool.take()).toThrow(expect.objectContaining({ code: "no-address-left" }));
});

test("engines with different ids begin their search for an uplink at different places", () => {
  expect(chooseUplink("00000000", [])).toEqual({ subnet: "10.255.0.0/30", host: "10.255.0.1", inner: "10.255.0.2" });
  expect(chooseUplink("00000003", [])?.subnet).toBe("10.255.0.12/30");
});

test("an uplink keeps clear of the host's routes, of whole pools if need be", () => {
  expect(chooseUplink("00000000", ["10.255.0.0/30"])?.subnet).toBe("10.255.0.4/30");
  expect(chooseUplink("00000000", ["10.0.0.0/8", "172.16.0.0/12"])?.subnet).toBe("192.168.0.0/30");
  expect(chooseUplink("00000000", ["0.0.0.0/1", "128.0.0.0/1"])).toBeUndefined();
});
