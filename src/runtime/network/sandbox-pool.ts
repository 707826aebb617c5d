import { randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run, runUnchecked } from "../../internal/exec";
import type { Logger } from "../../internal/log";
import { sandboxRules } from "./nft-rules";

/** Network namespaces for containers, a few of them made in advance. */
export interface SandboxPool {
  /** Path of a namespace with loopback up and nothing else in it; the caller's own from now on. */
  take(): Promise<string>;
  /** Replaces what was taken, a moment later: whoever took it is about to start a container, and would share the processor. */
  refill(): void;
  /** Lets go of the file; the namespace ends with the last process in it. Idempotent. */
  discard(path: string): Promise<void>;
  close(): Promise<void>;
}

/** As Docker: containers may bind low ports and send echo requests without being root, and get no IPv6 addresses. */
const sandboxScript = `
set -e
ip link set lo up
cd /proc/sys/net
echo 1 > ipv4/conf/all/route_localnet
echo 1 > ipv4/conf/default/arp_notify
echo 0 > ipv4/ip_unprivileged_port_start
echo "0 2147483647" > ipv4/ping_group_range
if [ -e ipv6/conf/default/disable_ipv6 ]; then echo 1 > ipv6/conf/default/disable_ipv6; fi
exec nft -f -
`;

/** A container starts within this time. */
const refillDelayMs = 100;

/** `folder` must not be shared with other mount namespaces by propagation, or they would see the namespaces as mounts. */
export async function openSandboxPool(folder: string, size: number, logger: Logger): Promise<SandboxPool> {
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const ready: string[] = [];
  let isClosed = false;
  let filling: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const fill = async (): Promise<void> => {
    while (!isClosed && ready.length < size) ready.push(await makeSandbox(folder));
  };
  const refill = (): void => {
    filling ??= fill()
      // Whoever takes the next one makes it, and is told.
      .catch((error: unknown) => logger.warn("prepare network namespace", { error }))
      .finally(() => {
        filling = undefined;
      });
  };
  refill();
  return {
    take: async () => ready.shift() ?? (await makeSandbox(folder)),
    refill: () => {
      clearTimeout(timer);
      timer = setTimeout(refill, refillDelayMs);
    },
    discard: discardSandbox,
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
      await filling;
      await Promise.all(ready.splice(0).map(discardSandbox));
    },
  };
}

async function makeSandbox(folder: string): Promise<string> {
  const path = join(folder, randomBytes(6).toString("hex"));
  await writeFile(path, "", { flag: "wx", mode: 0o600 });
  try {
    await run("unshare", [`--net=${path}`, "--", "sh", "-c", sandboxScript], { input: sandboxRules });
    return path;
  } catch (error) {
    await discardSandbox(path);
    throw error;
  }
}

async function discardSandbox(path: string): Promise<void> {
  // Not mounted is what is wanted.
  await runUnchecked("umount", ["--lazy", path]);
  await rm(path, { force: true });
}
