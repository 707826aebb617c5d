import { readFile } from "node:fs/promises";
import { hasCode, RuncibleError } from "../internal/errors";
import { runUnchecked } from "../internal/exec";
import { ownIdMaps } from "./id-maps";

/** Why an ordinary user cannot have a user namespace, and the command that mends it. */
export interface NamespaceTrouble {
  readonly detail: string;
  readonly remedy: string;
}

interface Switch {
  readonly path: string;
  readonly forbids: string;
  readonly trouble: NamespaceTrouble;
}

/** What kernels and distributions have to forbid them. */
const switches: readonly Switch[] = [
  {
    path: "/proc/sys/user/max_user_namespaces",
    forbids: "0",
    trouble: {
      detail: "the kernel allows no user namespaces",
      remedy: "sudo sysctl -w user.max_user_namespaces=10000",
    },
  },
  {
    path: "/proc/sys/kernel/unprivileged_userns_clone",
    forbids: "0",
    trouble: {
      detail: "the kernel allows user namespaces to root only",
      remedy: "sudo sysctl -w kernel.unprivileged_userns_clone=1",
    },
  },
  {
    path: "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
    forbids: "1",
    trouble: {
      detail: "AppArmor takes all rights from user namespaces (Ubuntu 24.04 does, as it comes)",
      remedy: "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    },
  },
];

/** Tries it, because no setting tells for sure; undefined: nothing is wrong. */
export async function namespaceTrouble(): Promise<NamespaceTrouble | undefined> {
  const args = ["--user", "--map-root-user", "--mount", "--net", "--", "true"];
  const { exitCode, stderr } = await runUnchecked("unshare", args);
  if (exitCode === 0) return undefined;
  const forbidding = await forbiddingSwitch();
  if (forbidding !== undefined) return forbidding;
  return {
    detail: `the system refuses user namespaces (${stderr.trim()})`,
    remedy: "sudo, or in a container an option that allows them (Docker: --security-opt seccomp=unconfined)",
  };
}

/** The first setting of this machine that may forbid them; undefined: there is none. */
export async function forbiddingSwitch(): Promise<NamespaceTrouble | undefined> {
  for (const { path, forbids, trouble } of switches) {
    if ((await readFile(path, "utf8").catch(() => "")).trim() === forbids) return trouble;
  }
  return undefined;
}

/** Whether newuidmap, which a range of ids needs, does its work; undefined: nothing is wrong. */
export async function mappingTrouble(): Promise<NamespaceTrouble | undefined> {
  const maps = await ownIdMaps();
  if (maps === undefined || maps.hasOneId) return undefined;
  for (const program of ["newuidmap", "newgidmap"]) {
    try {
      await runUnchecked(program, [], { timeoutMs: 10_000 });
    } catch (error) {
      if (!hasCode(error, "tool-missing")) throw error;
      return { detail: `${program} is not installed`, remedy: "sudo apt-get install uidmap" };
    }
  }
  return undefined;
}

/** What kept an engine of an ordinary user from its namespaces; undefined: something else did. */
export async function namespaceError(): Promise<RuncibleError | undefined> {
  const trouble = (await namespaceTrouble()) ?? (await mappingTrouble());
  if (trouble === undefined) return undefined;
  return new RuncibleError(
    "capability-missing",
    `start engine: as an ordinary user it needs a user namespace, but ${trouble.detail}; run: ${trouble.remedy}`,
  );
}
