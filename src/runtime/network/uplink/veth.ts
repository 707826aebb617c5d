import { readFile, writeFile } from "node:fs/promises";
import { RuncibleError } from "../../../internal/errors";
import type { Logger } from "../../../internal/log";
import { createUndoStack } from "../../../internal/undo";
import { hostRoutes } from "../host-routes";
import { ipBatch, ipBatchForced } from "../ip-batch";
import { planUplink, uplinkName } from "../link-plan";
import { hostRules } from "../nft-rules";
import { chooseUplink, type UplinkAddresses } from "./address";
import { passHostFirewall } from "./host-firewall";
import { keepRunning } from "./keep-running";
import { holdRules } from "./rule-holder";
import type { UplinkDriver } from "./uplink";

/** As root: one link to the host, and the host's rules for it. */
export const openVethUplink: UplinkDriver = async ({ agent, engineId, logger }) => {
  const addresses = chooseUplink(engineId, await hostRoutes());
  if (addresses === undefined) {
    throw new RuncibleError("no-address-left", "set up container network: the host routes every private range itself");
  }
  const link = `rc${engineId}`;
  const table = `runcible_${engineId}`;
  const undo = createUndoStack();
  const close = (): Promise<void> =>
    undo.unwind((error) => logger.warn("take down the way out of container networks", { error }));
  try {
    await ipBatch(planHostEnd(link, addresses, agent.pid));
    undo.push(() => ipBatchForced([`link del ${link}`]));
    const steps = await Promise.allSettled([
      keepRunning(() => holdRules(table, hostRules(table, { link, address: addresses.inner })), {
        name: "nft, which holds the rules of this machine",
        logger,
      }).then((rules) => undo.push(rules.close)),
      passHostFirewall(link).then((pass) => pass && undo.push(pass.close)),
      ipBatch(planUplink({ address: addresses.inner, gateway: addresses.host }), agent.namespacePath),
      allowForwarding(logger),
    ]);
    // Only when all have settled is it known what there is to undo.
    const failed = steps.find((step) => step.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  } catch (error) {
    await close();
    throw error;
  }
  return { hostGateway: addresses.host, close };
};

function planHostEnd(link: string, addresses: UplinkAddresses, agentPid: number): readonly string[] {
  return [
    `link add ${link} type veth peer name ${uplinkName} netns ${agentPid}`,
    `addr add ${addresses.host}/30 dev ${link}`,
    `link set ${link} up`,
  ];
}

/** The one setting of the host that stays: another program may have come to rely on it by the time we end. */
async function allowForwarding(logger: Logger): Promise<void> {
  const path = "/proc/sys/net/ipv4/ip_forward";
  if ((await readFile(path, "utf8")).trim() !== "0") return;
  await writeFile(path, "1");
  logger.info("turned on IPv4 forwarding, which containers need to reach other machines");
}
