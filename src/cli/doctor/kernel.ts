import { readFile } from "node:fs/promises";
import { release } from "node:os";
import { found, isAtLeast, type Machine, missing, type Outcome, type Way } from "./finding";

const neededControllers = ["cpu", "memory", "pids"];

/** As root for nftables tables that go with their owner, as a user for overlay mounts in user namespaces. */
const oldest: Readonly<Record<Way, string>> = { root: "5.12", user: "5.11" };

/** Linux, and new enough for the way in which the engine will run. */
export async function examineKernel({ way }: Pick<Machine, "way">, version: string = release()): Promise<Outcome> {
  if (process.platform !== "linux") {
    return missing(`${process.platform} cannot run containers`, "set DOCKER_HOST to a Docker daemon");
  }
  if (isAtLeast(version, oldest[way])) return found(version);
  return missing(`${version} is older than ${oldest[way]}`, "upgrade the system's kernel");
}

/** Limits of memory, CPU and processes, on cgroup v2 and v1. */
export async function examineCgroups(): Promise<Outcome> {
  const unified = (await textOf("/sys/fs/cgroup/cgroup.controllers"))?.trim().split(/\s+/);
  const controllers = unified ?? enabledControllers((await textOf("/proc/cgroups")) ?? "");
  const lacking = neededControllers.filter((name) => !controllers.includes(name));
  const version = unified === undefined ? "v1" : "v2";
  if (lacking.length === 0) return found(`${version} with ${neededControllers.join(", ")}`);
  return missing(
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

export async function examineOverlay(): Promise<Outcome> {
  const known = (await textOf("/proc/filesystems")) ?? "";
  if (/\boverlay$/m.test(known)) return found("the kernel has it");
  const modules = (await textOf(`/lib/modules/${release()}/modules.dep`)) ?? "";
  if (/\/overlay\.ko/.test(modules)) return found("a module, which the kernel loads when it is asked for");
  return missing("the kernel has not loaded it", "run: sudo modprobe overlay");
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}
