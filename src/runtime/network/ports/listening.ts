import { readFile } from "node:fs/promises";
import { hasCode } from "../../../internal/errors";

export interface ListeningPort {
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  /** As it is usually written: `0.0.0.0`, `::`. An IPv4 address that an IPv6 socket has is one of IPv4. */
  readonly address: string;
  /** Bound to 127.0.0.0/8 or ::1: not reachable from outside the namespace. */
  readonly isLoopbackOnly: boolean;
}

/** What the kernel calls a listening TCP socket, and an unconnected UDP one (`tcp_states.h`). */
const waitingState = { tcp: "0A", udp: "07" } as const;

/** Of an IPv4 address in IPv6's form: `::ffff:`. */
const mappedPrefix = Buffer.from("00000000000000000000ffff", "hex");

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
    const [, hexadecimal, port, state] = match ?? [];
    if (hexadecimal === undefined || port === undefined || state !== waitingState[protocol]) return [];
    const address = readAddress(hexadecimal);
    const isLoopbackOnly = address.startsWith("127.") || address === "::1";
    return [{ port: Number.parseInt(port, 16), protocol, address, isLoopbackOnly }];
  });
}

/** Addresses are words in the machine's byte order, little-endian on everything we run on. */
function readAddress(hexadecimal: string): string {
  const bytes = Buffer.from(hexadecimal, "hex").swap32();
  const isIpv4 = bytes.length === 4 || bytes.subarray(0, 12).equals(mappedPrefix);
  if (isIpv4) return bytes.subarray(-4).join(".");
  const words = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  // A URL has an address in its shortest form.
  return new URL(`http://[${words.join(":")}]`).hostname.slice(1, -1);
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
