import { once } from "node:events";
import { RuncibleError } from "../../../internal/errors";
import { hostRoutes } from "../host-routes";
import { uplinkName } from "../link-plan";
import { chooseUplink, slirpPrefixLength } from "./address";
import { hostAddress } from "./host-address";
import { keepRunning } from "./keep-running";
import { startUplinkProgram, type UplinkProgram } from "./program";
import type { UplinkDriver } from "./uplink";

/**
 * slirp4netns(1). Its own name server and its way to the host's loopback are switched off: the engine answers names.
 */
export const openSlirpUplink: UplinkDriver = async ({ agent, engineId, logger }) => {
  const [routes, host] = await Promise.all([hostRoutes(), hostAddress()]);
  const addresses = chooseUplink(engineId, routes, slirpPrefixLength);
  if (addresses === undefined) {
    throw new RuncibleError("no-address-left", "set up container network: the host routes every private range itself");
  }
  const args = [
    ...["--configure", "--mtu=65520", `--cidr=${addresses.subnet}`, "--disable-host-loopback", "--disable-dns"],
    ...["--enable-sandbox", "--enable-seccomp", "--ready-fd=3", "--netns-type=path"],
    ...[agent.namespacePath, uplinkName],
  ];
  const program = await keepRunning(() => startSlirp(args), { name: "slirp4netns", logger });
  return { hostGateway: host ?? addresses.host, close: program.close };
};

async function startSlirp(args: readonly string[]): Promise<UplinkProgram> {
  const program = startUplinkProgram("slirp4netns", args);
  const [, , , readyPipe] = program.child.stdio;
  const ready = readyPipe == null ? new Promise<never>(() => {}) : once(readyPipe, "data").then(() => {});
  await program.untilReady(ready);
  return program;
}
