import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installCommand } from "../internal/debian-packages";
import { hasCode, RuncibleError } from "../internal/errors";
import { runUnchecked } from "../internal/exec";
import { ownIdentity, ownIdMaps } from "./id-maps";
import { enterArguments, namespaceScript } from "./namespace-script";

/** Why an ordinary user cannot have a user namespace, and the command that mends it. */
export interface NamespaceTrouble {
  readonly detail: string;
  readonly remedy: string;
}

interface Switch {
  /** Below /proc/sys. */
  readonly path: string;
  readonly forbids: string;
  readonly trouble: NamespaceTrouble;
}

/** What kernels and distributions have to forbid them. */
const switches: readonly Switch[] = [
  {
    path: "user/max_user_namespaces",
    forbids: "0",
    trouble: {
      detail: "the kernel allows no user namespaces",
      remedy: "sudo sysctl -w user.max_user_namespaces=10000",
    },
  },
  {
    path: "kernel/unprivileged_userns_clone",
    forbids: "0",
    trouble: {
      detail: "the kernel allows user namespaces to root only",
      remedy: "sudo sysctl -w kernel.unprivileged_userns_clone=1",
    },
  },
  {
    path: "kernel/apparmor_restrict_unprivileged_userns",
    forbids: "1",
    trouble: {
      detail: "AppArmor takes all rights from user namespaces (Ubuntu 24.04 does, as it comes)",
      remedy: "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    },
  },
];

/** Tries it, because no setting tells for sure; undefined: nothing is wrong. */
export async function namespaceTrouble(): Promise<NamespaceTrouble | undefined> {
  const refused = await refusal(["--user", "--map-root-user", "--mount", "--net"]);
  if (refused === undefined) return await procTrouble(["--user", "--map-root-user"]);
  const forbidding = await forbiddingSwitch();
  if (forbidding !== undefined) return forbidding;
  return troubleOf(refused);
}

/** For root that may mount by itself; undefined: nothing is wrong. */
export async function rootTrouble(): Promise<NamespaceTrouble | undefined> {
  const refused = await refusal(["--mount", "--net"]);
  return refused === undefined ? await procTrouble([]) : troubleOf(refused);
}

/** What unshare(1) says when it may not; undefined: it may. */
async function refusal(namespaces: readonly string[]): Promise<string | undefined> {
  const { exitCode, stderr } = await runUnchecked("unshare", [...namespaces, "--", "true"]);
  return exitCode === 0 ? undefined : stderr.trim();
}

/** The kernel lets only those mount a fresh /proc before whom nothing of it is hidden. */
async function procTrouble(namespaces: readonly string[]): Promise<NamespaceTrouble | undefined> {
  const refused = await refusal([...namespaces, "--pid", "--fork", "--mount", "--mount-proc"]);
  if (refused === undefined) return undefined;
  return {
    detail: `no /proc can be mounted, as the container around hides parts of its own (${refused})`,
    remedy:
      "start that container with an option (Docker: --security-opt systempaths=unconfined; Kubernetes: procMount: Unmasked)",
  };
}

/** Which of a container's guards it was, as far as its answer tells. Pure. */
export function troubleOf(refused: string): NamespaceTrouble {
  const detail = `the system refuses user namespaces (${refused})`;
  // seccomp answers EPERM to the system call itself, AppArmor EACCES to the mount that follows.
  if (/Permission denied/.test(refused)) {
    return {
      detail: `the system refuses mounts in a namespace (${refused})`,
      remedy: "sudo, or in a container an option that allows them (Docker: --security-opt apparmor=unconfined)",
    };
  }
  return {
    detail,
    remedy: "sudo, or in a container an option that allows them (Docker: --security-opt seccomp=unconfined)",
  };
}

/** The first setting of a machine that may forbid them; undefined: there is none. */
export async function forbiddingSwitch(folder = "/proc/sys"): Promise<NamespaceTrouble | undefined> {
  for (const { path, forbids, trouble } of switches) {
    if ((await readFile(join(folder, path), "utf8").catch(() => "")).trim() === forbids) return trouble;
  }
  return undefined;
}

/** Whether the map of ids can be written, by newuidmap for an ordinary user; undefined: nothing is wrong. */
export async function mappingTrouble(): Promise<NamespaceTrouble | undefined> {
  const maps = await ownIdMaps();
  if (maps === undefined || maps.hasOneId) return undefined;
  if (ownIdentity().uid !== 0) {
    for (const program of ["newuidmap", "newgidmap"] as const) {
      if (!(await isInstalled(program))) {
        return { detail: `${program} is not installed`, remedy: installCommand(program) };
      }
    }
  }
  const folder = await mkdtemp(join(tmpdir(), "runcible-map-"));
  try {
    const script = `${namespaceScript}\nenter "$@" true`;
    const args = ["-c", script, "runcible-map", ...enterArguments(join(folder, "enter"), maps)];
    const { exitCode, stderr } = await runUnchecked("/bin/sh", args, { timeoutMs: 10_000 });
    return exitCode === 0
      ? undefined
      : { detail: `the map of ids cannot be written (${lastLine(stderr)})`, remedy: mapRemedy };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** As a set-user-id program, newuidmap needs more rights than a container's root has. */
const mapRemedy =
  "in a container's image: chmod u-s /usr/bin/newuidmap /usr/bin/newgidmap; setcap cap_setuid+ep /usr/bin/newuidmap; setcap cap_setgid+ep /usr/bin/newgidmap";

async function isInstalled(program: string): Promise<boolean> {
  try {
    await runUnchecked(program, [], { timeoutMs: 10_000 });
    return true;
  } catch (error) {
    if (hasCode(error, "tool-missing")) return false;
    throw error;
  }
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}

/** What kept an engine from its namespaces; undefined: something else did. */
export async function namespaceError(): Promise<RuncibleError | undefined> {
  const isRoot = (await ownIdMaps()) === undefined;
  const trouble = isRoot ? await rootTrouble() : ((await namespaceTrouble()) ?? (await mappingTrouble()));
  if (trouble === undefined) return undefined;
  const who = ownIdentity().uid === 0 ? "as root without the rights to mount and make networks" : "as an ordinary user";
  const needs = isRoot ? "it needs namespaces" : `${who} it needs a user namespace`;
  return new RuncibleError(
    "capability-missing",
    `start engine: ${needs}, but ${trouble.detail}; run: ${trouble.remedy}`,
  );
}
