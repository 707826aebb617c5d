import { readFile } from "node:fs/promises";
import { release } from "node:os";
import { type Finding, isAtLeast, type Machine, missing, ok } from "./finding";

const neededControllers = ["cpu", "memory", "pids"];

/** Linux, and new enough for overlay mounts in user namespaces. */
export async function examineKernel(): Promise<Finding> {
  if (process.platform !== "linux") {
    return missing("kernel", `${process.platform} cannot run containers`, "set DOCKER_HOST to a Docker daemon");
  }
  if (isAtLeast(release(), "5.11")) return ok("kernel", release());
  return missing("kernel", `${release()} is older than 5.11`, "upgrade the system's kernel");
}

/** Limits of memory, CPU and processes, on cgroup v2 and v1. */
export async function examineCgroups(): Promise<Finding> {
  const unified = (await textOf("/sys/fs/cgroup/cgroup.controllers"))?.trim().split(/\s+/);
  const controllers = unified ?? enabledControllers((await textOf("/proc/cgroups")) ?? "");
  const lacking = neededControllers.filter((name) => !controllers.includes(name));
  const version = unified === undefined ? "v1" : "v2";
  if (lacking.length === 0) return ok("cgroups", `${version} with ${neededControllers.join(", ")}`);
  return missing(
    "cgroups",
    `${version} without ${lacking.join(", ")}`,
    "add cgroup_enable=memory to the kernel's command line, or give the surrounding container its controllers",
  );
}

/** Rows of `/proc/cgroups`: name, hierarchy, number, enabled. */
export function enabledControllers(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", , , enabled] = line.split(/\s+/);
    return enabled === "1" && !name.startsWith("#") ? [name] : [];
  });
}

export async function examineOverlay(): Promise<Finding> {
  const known = (await textOf("/proc/filesystems")) ?? "";
  if (/\boverlay$/m.test(known)) return ok("overlay", "the kernel has it");
  return missing("overlay", "the kernel has not loaded it", "run: sudo modprobe overlay");
}

/** Ordinary users need them; root does not. */
export async function examineUserNamespaces({ uid }: Machine): Promise<Finding> {
  const name = "user namespaces";
  const state = uid === 0 ? "optional" : "missing";
  if ((await textOf("/proc/sys/user/max_user_namespaces"))?.trim() === "0") {
    return { name, state, detail: "switched off", remedy: "run: sudo sysctl user.max_user_namespaces=10000" };
  }
  if ((await textOf("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"))?.trim() === "1") {
    const remedy = "run: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0";
    return { name, state, detail: "restricted by AppArmor", remedy };
  }
  return ok(name, "allowed");
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}
