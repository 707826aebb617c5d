import { runUnchecked } from "../../../internal/exec";

/**
 * TCP ports for which the network namespace of `pid` has a socket on `::` that takes no IPv4, which the kernel's table
 * in /proc does not tell. Empty where it cannot be found out.
 */
export async function ipv6OnlyPorts(pid: number): Promise<ReadonlySet<number>> {
  const list = [`--net=/proc/${pid}/ns/net`, "--", "ss", "--no-header", "-6tlne"];
  const { stdout } = await runUnchecked("nsenter", list).catch(() => ({ stdout: "" }));
  const rows = stdout.split("\n").filter((row) => row.includes(" v6only:1"));
  return new Set(rows.flatMap((row) => /\[::\]:(\d+) /.exec(row)?.slice(1).map(Number) ?? []));
}
