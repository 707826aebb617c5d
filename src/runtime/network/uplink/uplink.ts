import { open } from "node:fs/promises";
import { hasCode, messageOf } from "../../../internal/errors";
import type { Logger } from "../../../internal/log";
import { ownUserNamespace } from "../../../internal/user-namespace";
import type { AgentClient } from "../agent-client";
import { ipBatch, loadRules } from "../ip-batch";
import { planSwitch } from "../link-plan";
import { switchRules } from "../nft-rules";
import { openNoUplink } from "./none";
import { openPastaUplink } from "./pasta";
import { openSlirpUplink } from "./slirp";
import { openVethUplink } from "./veth";

/**
 * The switch's way out: an interface named `uplink` with the default route, to which everything that leaves is
 * masqueraded. Containers reach the host's addresses through it, but never what listens on the host's loopback only.
 */
export interface Uplink {
  /** Address at which containers reach the host; without a way out, one that they are told is unreachable. */
  readonly hostGateway: string;
  /** Idempotent. */
  close(): Promise<void>;
}

export interface UplinkRequest {
  readonly agent: AgentClient;
  readonly engineId: string;
  /** On a private tmpfs. */
  readonly runFolder: string;
  readonly logger: Logger;
}

/**
 * Makes the uplink; loopback and rules of the switch are there beside it. Throws `tool-missing` when the program for it
 * is not installed.
 */
export type UplinkDriver = (request: UplinkRequest) => Promise<Uplink>;

/**
 * Root links the switch with the host. An ordinary user cannot, and needs a program that speaks for the switch in the
 * host's namespace: the first of these that is installed and works. Without one, containers reach each other only;
 * pulls, name questions and published ports go through the engine itself and need no way out.
 */
export async function openUplink(request: UplinkRequest, open: UplinkDriver = bestUplink): Promise<Uplink> {
  const { namespacePath } = request.agent;
  const prepared = Promise.all([ipBatch(planSwitch(), namespacePath), loadRules(switchRules, namespacePath)]);
  prepared.catch(() => {});
  const uplink = await open(request);
  try {
    await prepared;
    return uplink;
  } catch (error) {
    await uplink.close();
    throw error;
  }
}

const bestUplink: UplinkDriver = (request) =>
  ownUserNamespace().isInitial ? openVethUplink(request) : openUserUplink(request);

/** pasta is the faster one, but as Debian 12 has it, it repeats data to a client that has closed its half already. */
const userDrivers = [
  ["slirp4netns", openSlirpUplink],
  ["pasta", openPastaUplink],
] as const;

const tunnelDevice = "/dev/net/tun";

async function openUserUplink(request: UplinkRequest): Promise<Uplink> {
  const refusal = await tunnelRefusal();
  if (refusal !== undefined) {
    request.logger.warn(`containers have no way out to other machines: ${refusal}`);
    return await openNoUplink(request);
  }
  for (const [program, open] of userDrivers) {
    try {
      return await open(request);
    } catch (error) {
      if (hasCode(error, "tool-missing")) continue;
      request.logger.warn(`give containers a way out with ${program}: ${messageOf(error)}`);
    }
  }
  request.logger.warn(
    "containers have no way out to other machines, as neither slirp4netns nor pasta is there or works; to have one, run: sudo apt-get install slirp4netns",
  );
  return await openNoUplink(request);
}

/** Why the device that both programs need cannot be used, and what to do; undefined: it can. */
async function tunnelRefusal(): Promise<string | undefined> {
  try {
    await (await open(tunnelDevice, "r+")).close();
    return undefined;
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENODEV")) {
      return `there is no ${tunnelDevice}; run: sudo modprobe tun, or give it to the container around (Docker: --device ${tunnelDevice})`;
    }
    return `${tunnelDevice} may not be used (${messageOf(error)}); run: sudo chmod 666 ${tunnelDevice}`;
  }
}
