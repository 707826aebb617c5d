import { readFileSync } from "node:fs";
import { capabilityNames } from "../../internal/capability-set";
import { RuncibleError } from "../../internal/errors";

/** capabilities(7), in the order of their numbers. */
export const allCapabilities: readonly string[] = capabilityNames.map((name) => `CAP_${name}`);

let held: readonly string[] | undefined;

/**
 * Those this process may hand on; in a container or sandbox the engine may lack some, and runc refuses to grant them.
 */
export function heldCapabilities(): readonly string[] {
  held ??= parseBoundingSet(readFileSync("/proc/self/status", "utf8"));
  return held;
}

/** proc(5), status: one bit per capability. */
export function parseBoundingSet(status: string): readonly string[] {
  const bits = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  return allCapabilities.filter((_, number) => (bits >> BigInt(number)) & 1n);
}

/** What Docker leaves to a container. */
export const defaultCapabilities: readonly string[] =
  "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE"
    .split(" ")
    .map((name) => `CAP_${name}`);

export interface CapabilityRequest {
  /** With CAP_, upper case; or `ALL`. */
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly isPrivileged: boolean;
  /** What `ALL` and privileged mean. Default: `heldCapabilities()`. */
  readonly held?: readonly string[];
}

/** Docker's rules: `ALL` on one side, exceptions on the other. Throws `invalid-argument` for a name that is none. */
export function effectiveCapabilities(request: CapabilityRequest): readonly string[] {
  const { add, drop, isPrivileged, held: all = heldCapabilities() } = request;
  checkCapabilities({ add, drop });
  if (isPrivileged) return all;
  const base = baseOf(request, all);
  const wanted = new Set([...base, ...add.filter((name) => name !== "ALL")]);
  return allCapabilities.filter((name) => wanted.has(name) && !drop.includes(name));
}

/** Throws `invalid-argument` for a name that is none. */
export function checkCapabilities({ add, drop }: Pick<CapabilityRequest, "add" | "drop">): void {
  checkNames(add, "CapAdd");
  checkNames(drop, "CapDrop");
}

function checkNames(names: readonly string[], field: string): void {
  for (const name of names) {
    if (name === "ALL" || allCapabilities.includes(name)) continue;
    throw new RuncibleError("invalid-argument", `invalid ${field}: unknown capability: "${name}"`);
  }
}

function baseOf({ add, drop }: CapabilityRequest, all: readonly string[]): readonly string[] {
  if (add.includes("ALL")) return all;
  return drop.includes("ALL") ? [] : defaultCapabilities;
}
