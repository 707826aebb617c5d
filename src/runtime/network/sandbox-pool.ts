import { randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cleanUp } from "../../internal/clean-up";
import { messageOf, RuncibleError } from "../../internal/errors";
import type { Logger } from "../../internal/log";
import { perform, performUnchecked } from "../../internal/perform";
import { ownUserNamespace } from "../../internal/user-namespace";
import type { BusyCount } from "./busy-count";
import { sandboxRules } from "./nft-rules";
import { createPool, type Pool } from "./pool";

/**
 * As Docker: containers may bind low ports and send echo requests without being root, and get no IPv6 addresses.
 * Argument: the highest group.
 */
const sandboxScript = `
set -e
ip link set lo up
cd /proc/sys/net
echo 1 > ipv4/conf/all/route_localnet
echo 1 > ipv4/conf/default/arp_notify
echo 0 > ipv4/ip_unprivileged_port_start
echo "0 $1" > ipv4/ping_group_range
if [ -e ipv6/conf/default/disable_ipv6 ]; then echo 1 > ipv6/conf/default/disable_ipv6; fi
exec nft -f -
`;

/**
 * Network namespaces for containers, each as the path of its file, with loopback up and nothing else in it. `folder`
 * must not be shared with other mount namespaces by propagation, or they would see the namespaces as mounts.
 */
export async function openSandboxPool(
  folder: string,
  options: { readonly size: number; readonly starts: BusyCount; readonly logger: Logger },
): Promise<Pool<string>> {
  const { size, starts, logger } = options;
  await mkdir(folder, { recursive: true, mode: 0o711 });
  return createPool({
    size,
    make: () => makeSandbox(folder),
    discard: discardSandbox,
    isBusy: () => starts.isBusy,
    onError: (error) => logger.warn("prepare network namespace", { error }),
  });
}

async function makeSandbox(folder: string): Promise<string> {
  const path = join(folder, randomBytes(6).toString("hex"));
  const lastGid = String(ownUserNamespace().lastGid);
  await writeFile(path, "", { flag: "wx", mode: 0o600 });
  try {
    const script = ["sh", "-c", sandboxScript, "sandbox", lastGid];
    await perform("unshare", [`--net=${path}`, "--", ...script], { input: sandboxRules });
    return path;
  } catch (error) {
    await cleanUp(
      () => discardSandbox(path),
      () => {},
    );
    throw ownUserNamespace().isInitial ? error : withModules(error);
  }
}

/** Root's modprobe is what the kernel itself calls; for others it may be forbidden to. */
function withModules(cause: unknown): RuncibleError {
  return new RuncibleError(
    "capability-missing",
    `prepare network namespace: ${messageOf(cause)}; if the kernel lacks modules, run: sudo modprobe -a nf_tables nft_chain_nat nft_nat nft_masq nft_ct nft_fib_ipv4 bridge veth`,
    { cause },
  );
}

/** Lets go of the file; the namespace ends with the last process in it. Idempotent. */
export async function discardSandbox(path: string): Promise<void> {
  // Not mounted is what is wanted.
  await performUnchecked("umount", ["--lazy", path]);
  await rm(path, { force: true });
}
