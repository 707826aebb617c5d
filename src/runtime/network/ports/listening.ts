import { readFile } from "node:fs/promises";
import { hasCode } from "../../../internal/errors";

export interface ListeningPort {
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  /** Bound to 127.0.0.0/8 or ::1: not reachable from outside the namespace. */
  readonly isLoopbackOnly: boolean;
}

/** What the kernel calls a listening TCP socket, and an unconnected UDP one (`tcp_states.h`). */
const waitingState = { tcp: "0A", udp: "07" } as const;

/** Sockets that wait for peers in the network namespace of `pid`, read from /proc. Empty once the process is gone. */
export async function listeningPorts(pid: number): Promise<readonly ListeningPort[]> {
  const tables = (["tcp", "udp"] as const).flatMap((protocol) => [
    { protocol, path: `/proc/${pid}/net/${protocol}` },
    { protocol, path: `/proc/${pid}/net/${protocol}6` },
  ]);
  const ports = await Promise.all(
    tables.map(async ({ protocol, path }) => parseSocketTable(await readTable(path), protocol)),
  );
  return ports.flat();
}

/** Reads the text of /proc/net/tcp and its three siblings. */
export function parseSocketTable(text: string, protocol: "tcp" | "udp"): readonly ListeningPort[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) /.exec(line);
    const [, address, port, state] = match ?? [];
    if (address === undefined || port === undefined || state !== waitingState[protocol]) return [];
    return [{ port: Number.parseInt(port, 16), protocol, isLoopbackOnly: isLoopback(address) }];
  });
}

/** Addresses are words in the machine's byte order, little-endian on everything we run on. */
function isLoopback(address: string): boolean {
  if (address.length === 8) return address.endsWith("7F");
  const mapped = "0000000000000000FFFF0000";
  return address === "00000000000000000000000001000000" || (address.startsWith(mapped) && address.endsWith("7F"));
}

async function readTable(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    // The process has ended, or the kernel has no IPv6.
    if (hasCode(error, "ENOENT") || hasCode(error, "ESRCH") || hasCode(error, "EINVAL")) return "";
    throw error;
  }
}
