/** Numbers of capabilities(7). */
const numbers = { SETGID: 6, SETUID: 7, NET_ADMIN: 12, SYS_ADMIN: 21, SETFCAP: 31 } as const;

export type CapabilityName = keyof typeof numbers;

/** Whether a process has all of these, by its `/proc/<pid>/status`. Pure. */
export function hasCapabilities(status: string, names: readonly CapabilityName[]): boolean {
  const bits = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  return names.every((name) => (bits >> BigInt(numbers[name])) & 1n);
}
