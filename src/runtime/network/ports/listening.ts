import { type FileHandle, open } from "node:fs/promises";
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

/**
 * What is read at a time. TCP's listening sockets come first, and after the last of them the kernel looks through a
 * table of the whole machine, which takes it milliseconds: it does so only when asked for more than it has.
 */
const pieceBytes = { tcp: 128, udp: 65_536 } as const;

/**
 * Sockets that wait for peers in the network namespace of `pid`, read from /proc. Empty once the process is gone. As
 * soon as `isEnough`, what there is by then.
 */
export async function listeningPorts(
  pid: number,
  isEnough: (found: readonly ListeningPort[]) => boolean = () => false,
): Promise<readonly ListeningPort[]> {
  const found: ListeningPort[] = [];
  let isOver = false;
  const take = (ports: readonly ListeningPort[]): boolean => {
    found.push(...ports);
    isOver ||= isEnough(found);
    return isOver;
  };
  await new Promise<void>((resolve, reject) => {
    const tables = (["tcp", "udp"] as const).flatMap((protocol) =>
      ["", "6"].map((version) => readTable(`/proc/${pid}/net/${protocol}${version}`, protocol, take)),
    );
    // One table may be long in coming, and hold nothing more that matters.
    for (const table of tables) table.then((isEnd) => isEnd && resolve(), reject);
    Promise.all(tables).then(() => resolve(), reject);
  });
  return found;
}

/** Reads the text of /proc/net/tcp and its three siblings. */
export function parseSocketTable(text: string, protocol: "tcp" | "udp"): readonly ListeningPort[] {
  return text.split("\n").flatMap((line) => {
    const row = parseRow(line);
    if (row === undefined || row.state !== waitingState[protocol]) return [];
    const address = readAddress(row.address);
    return [{ port: row.port, protocol, address, isLoopbackOnly: address.startsWith("127.") || address === "::1" }];
  });
}

function parseRow(
  line: string,
): { readonly address: string; readonly port: number; readonly state: string } | undefined {
  const match = /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) /.exec(line);
  const [, address, port, state] = match ?? [];
  if (address === undefined || port === undefined || state === undefined) return undefined;
  return { address, port: Number.parseInt(port, 16), state };
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

/** Until `take` has enough: then true. */
async function readTable(
  path: string,
  protocol: "tcp" | "udp",
  take: (ports: readonly ListeningPort[]) => boolean,
): Promise<boolean> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const piece = Buffer.alloc(pieceBytes[protocol]);
    for (let rest = ""; ; ) {
      const { bytesRead } = await file.read(piece, 0, piece.length, null);
      if (bytesRead === 0) return take(parseSocketTable(rest, protocol));
      const lines = (rest + piece.toString("latin1", 0, bytesRead)).split("\n");
      rest = lines.pop() ?? "";
      if (take(parseSocketTable(lines.join("\n"), protocol))) return true;
      // What follows are connections.
      if (protocol === "tcp" && lines.some((line) => isConnection(line))) return false;
    }
  } catch (error) {
    // The process has ended, or the kernel has no IPv6.
    if (hasCode(error, "ENOENT") || hasCode(error, "ESRCH") || hasCode(error, "EINVAL")) return false;
    throw error;
  } finally {
    await file?.close();
  }
}

function isConnection(line: string): boolean {
  const row = parseRow(line);
  return row !== undefined && row.state !== waitingState.tcp;
}
