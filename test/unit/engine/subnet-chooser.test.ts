import { expect, test } from "vitest";
import { subnetChooser } from "../../../src/engine/networks/subnet-chooser";

test.each(["10.9.0.0/24", "10.9.0.0/16", "10.9.0.128/25"])(
  "%s overlaps with a network that is there",
  async (subnet) => {
    await expect(subnetChooser.choose({ subnet, gateway: "10.9.0.129" }, ["10.9.0.0/24"])).rejects.toMatchObject({
      code: "subnet-in-use",
      message: "Pool overlaps with other one on this address space",
    });
  },
);

test("a subnet of one's own gets the first address as its gateway", async () => {
  expect(await subnetChooser.choose({ subnet: "10.9.1.0/24" }, ["10.9.0.0/24"])).toEqual({
    subnet: "10.9.1.0/24",
    gateway: "10.9.1.1",
  });
});

test.each([
  { subnet: "10.9.0.0/24", gateway: "10.10.0.1" },
  { subnet: "10.9.0.0/24", ipRange: "10.9.0.0/16" },
])("%j does not fit together", async (wanted) => {
  await expect(subnetChooser.choose(wanted, [])).rejects.toMatchObject({ code: "invalid-argument" });
});
