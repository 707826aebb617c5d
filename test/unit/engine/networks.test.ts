import { expect, test } from "vitest";
import type { NetworkRecord } from "../../../src/engine/networks/network-record";
import { Networks, type NetworksOptions } from "../../../src/engine/networks/network-service";
import type { NetworkSpec } from "../../../src/engine/routes/network-service";
import { chooseSubnet } from "../../../src/runtime/network/subnets";
import { noFilters } from "../../../src/wire/filters";

const spec: NetworkSpec = {
  ...{ name: "mine", driver: "bridge", isInternal: false, isAttachable: false },
  ...{ subnets: [], options: {}, labels: {} },
};

/** Networks that nobody makes: what is chosen and kept is looked at. */
async function openNetworks(): Promise<Networks> {
  const records = new Map<string, NetworkRecord>();
  return await Networks.open({
    store: {
      load: async () => records,
      put: async (id: string, record: NetworkRecord) => void records.set(id, record),
      remove: async (id: string) => void records.delete(id),
    } as unknown as NetworksOptions["store"],
    stack: { addNetwork: async () => {}, removeNetwork: async () => {} } as unknown as NetworksOptions["stack"],
    subnets: { choose: async (wanted, taken) => wanted ?? chooseSubnet(taken) },
    events: { publish: () => {} },
    engineId: "one",
  });
}

test("the default bridge has the first choice of a subnet, also when it is not used yet", async () => {
  const networks = await openNetworks();
  await networks.create(spec);

  const ranges = (await networks.list(noFilters)).map(({ name, subnets }) => [name, subnets[0]?.gateway]);
  expect(ranges).toEqual([
    ["bridge", "172.17.0.1"],
    ["host", undefined],
    ["none", undefined],
    ["mine", "172.18.0.1"],
  ]);
});

test("a list tells of the default bridge's subnet, which nobody has looked at", async () => {
  const [bridge] = await (await openNetworks()).list(new Map([["name", ["bridge"]]]));

  expect(bridge?.subnets).toEqual([{ subnet: "172.17.0.0/16", gateway: "172.17.0.1" }]);
});

test("a prune keeps networks that are younger than it asks for", async () => {
  const networks = await openNetworks();
  await networks.create(spec);

  expect(await networks.prune(new Map([["until", ["1h"]]]))).toEqual([]);
  await expect(networks.prune(new Map([["until", ["soon"]]]))).rejects.toMatchObject({ code: "invalid-argument" });
  expect(await networks.prune(new Map([["until", ["2999-01-01"]]]))).toEqual(["mine"]);
});
