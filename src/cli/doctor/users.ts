import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { canAskForCgroup } from "../../client/delegation";
import { ownIdentity, ownIdMaps, rangeRemedy } from "../../client/id-maps";
import {
  forbiddingSwitch,
  mappingTrouble,
  type NamespaceTrouble,
  namespaceTrouble,
  rootTrouble,
} from "../../client/user-namespace-trouble";
import { hasCode } from "../../internal/errors";
import { findProgram } from "./find-program";
import { found, type Machine, missing, type Outcome, optional } from "./finding";

/** Tried as an ordinary user; for root, who may always, the settings are read. */
export async function examineNamespaces({ way }: Machine): Promise<Outcome> {
  return outcomeOf(await (way === "root" ? forbiddingSwitch() : namespaceTrouble()));
}

/** Root's own. A container around may keep root from them by other means than rights. */
export async function examineRootNamespaces({ way }: Machine): Promise<Outcome> {
  if (way === "user") return found("root of the machine may");
  return outcomeOf(await rootTrouble());
}

function outcomeOf(trouble: NamespaceTrouble | undefined): Outcome {
  return trouble === undefined ? found("allowed") : missing(trouble.detail, `run: ${trouble.remedy}`);
}

export async function examineIdRange(): Promise<Outcome> {
  const maps = await ownIdMaps();
  if (maps === undefined) return found("root needs none");
  if (!maps.hasOneId) {
    const trouble = await mappingTrouble();
    if (trouble !== undefined) return missing(trouble.detail, `run: ${trouble.remedy}`);
    return found(`ids inside are ${maps.uids}`);
  }
  return optional(
    "none in /etc/subuid and /etc/subgid; only images whose files belong to one user can be used",
    `run: ${rangeRemedy(ownIdentity())}`,
  );
}

const uplinkPrograms = ["slirp4netns", "pasta"];
const tunnelDevice = "/dev/net/tun";

export async function examineWayOut({ path }: Machine): Promise<Outcome> {
  const installed = await Promise.all(uplinkPrograms.map((program) => findProgram(program, path)));
  const program = uplinkPrograms.find((_, index) => installed[index] !== undefined);
  if (program === undefined) {
    return optional("neither slirp4netns nor pasta is installed", "run: sudo apt-get install slirp4netns");
  }
  try {
    await access(tunnelDevice, constants.R_OK | constants.W_OK);
    return found(program);
  } catch (error) {
    if (hasCode(error, "ENOENT")) {
      const remedy = `run: sudo modprobe tun, or give it to the container around (Docker: --device ${tunnelDevice})`;
      return optional(`${program} is there, but no ${tunnelDevice}`, remedy);
    }
    return optional(`${program} may not use ${tunnelDevice}`, `run: sudo chmod 666 ${tunnelDevice}`);
  }
}

export async function examineUserLimits({ uid, env }: Machine): Promise<Outcome> {
  if (await canAskForCgroup(uid, env)) return found("by a cgroup that systemd gives the user");
  return optional(
    "none: they need cgroup v2 and the user's own systemd (XDG_RUNTIME_DIR)",
    "log in as the user instead of using su, or run the tests as root",
  );
}
