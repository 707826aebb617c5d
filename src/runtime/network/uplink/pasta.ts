import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { RuncibleError } from "../../../internal/errors";
import { run } from "../../../internal/exec";
import { createUndoStack } from "../../../internal/undo";
import { hostRoutes } from "../host-routes";
import { uplinkName } from "../link-plan";
import { chooseUplink } from "./address";
import { hostAddress } from "./host-address";
import { keepRunning } from "./keep-running";
import { startUplinkProgram, type UplinkProgram } from "./program";
import type { UplinkDriver } from "./uplink";

/** pasta(1). Neither ports nor the host's loopback are passed on: published ports are the engine's matter. */
export const openPastaUplink: UplinkDriver = async ({ agent, engineId, runFolder, logger }) => {
  const [routes, host] = await Promise.all([hostRoutes(), hostAddress()]);
  const addresses = chooseUplink(engineId, routes);
  if (addresses === undefined) {
    throw new RuncibleError("no-address-left", "set up container network: the host routes every private range itself");
  }
  const undo = createUndoStack();
  const close = (): Promise<void> => undo.unwind((error) => logger.warn("end the way out of containers", { error }));
  const pidFile = join(runFolder, "pasta.pid");
  const namespacePath = join(runFolder, "switch");
  try {
    await bindNamespace(agent.namespacePath, namespacePath);
    undo.push(() => unbindNamespace(namespacePath));
    const args = [
      ...["--foreground", "--quiet", "--stderr", "--pid", pidFile],
      ...["--ipv4-only", "--config-net", "--ns-ifname", uplinkName],
      ...["--address", addresses.inner, "--netmask", "30", "--gateway", addresses.host, "--no-map-gw"],
      ...["--tcp-ports", "none", "--udp-ports", "none", "--tcp-ns", "none", "--udp-ns", "none"],
      ...["--netns-only", "--netns", namespacePath],
    ];
    const program = await keepRunning(() => startPasta(args, pidFile), { name: "pasta", logger });
    undo.push(program.close);
    return { hostGateway: host ?? addresses.host, close };
  } catch (error) {
    await close();
    throw error;
  }
};

async function startPasta(args: readonly string[], pidFile: string): Promise<UplinkProgram> {
  await rm(pidFile, { force: true });
  const stop = new AbortController();
  try {
    const program = startUplinkProgram("pasta", args);
    await program.untilReady(untilWritten(pidFile, stop.signal));
    return program;
  } finally {
    stop.abort();
  }
}

/** pasta gives up the right to look into /proc/<pid> before it looks there. */
async function bindNamespace(source: string, target: string): Promise<void> {
  await writeFile(target, "", { mode: 0o600 });
  await run("mount", ["--bind", source, target]);
}

async function unbindNamespace(path: string): Promise<void> {
  await run("umount", [path]);
  await rm(path);
}

/** pasta writes its process id when the namespace is set up. */
async function untilWritten(path: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await readFile(path, "utf8").catch(() => "")) === "") await delay(2);
}
