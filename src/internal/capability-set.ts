/** capabilities(7), without CAP_, in the order of their numbers. */
export const capabilityNames: readonly string[] =
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE".split(
    " ",
  );

const numbers = { SETGID: 6, SETUID: 7, NET_ADMIN: 12, SYS_ADMIN: 21, SYS_RESOURCE: 24, SETFCAP: 31 } as const;

export type CapabilityName = keyof typeof numbers;

/** Whether a process has all of these, by its `/proc/<pid>/status`. Pure. */
export function hasCapabilities(status: string, names: readonly CapabilityName[]): boolean {
  const bits = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  return names.every((name) => (bits >> BigInt(numbers[name])) & 1n);
}
