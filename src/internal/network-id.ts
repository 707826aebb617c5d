import { readFileSync, readlinkSync } from "node:fs";

/**
 * Names the network namespace of this process, among all machines: two processes with the same one share their
 * loopback. Undefined where there is no /proc.
 */
export function ownNetworkId(): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/net")}`;
  } catch {
    return undefined;
  }
}
