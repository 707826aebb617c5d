import { allCapabilities } from "./capabilities";
import type { OciSeccomp, OciSeccompRule } from "./oci-spec";
import { allowedByCapability, alwaysAllowed, architectures } from "./seccomp-profile";

const eperm = 1;
const enosys = 38;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET of clone(2). */
const namespaceFlags = 0x7e02_0000;
/** personality(2): PER_LINUX, PER_LINUX32, UNAME26, both, and "only ask". */
const personalities = [0x0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];
const vsockFamily = 40;

export interface SeccompMachine {
  /** As Node names it. Default: this machine's. */
  readonly architecture?: string;
  /**
   * Whether programs of the machine's 32-bit forerunner are to run as well; without it they are killed (SIGSYS). Every
   * system call has then to be told to libseccomp for two machines, the time for which grows with the square of their
   * number: from 3 to 15 ms of a start.
   */
  readonly has32BitPrograms: boolean;
}

/**
 * An allow list with the effect of Docker's default profile: no new namespaces, mounts, keyrings, modules, clocks or
 * kernel tracing unless a capability allows it.
 */
export function defaultSeccomp(
  capabilities: readonly string[],
  { architecture = process.arch, has32BitPrograms }: SeccompMachine,
): OciSeccomp {
  const isAdmin = capabilities.includes("CAP_SYS_ADMIN");
  const granted = allCapabilities
    .filter((name) => capabilities.includes(name))
    .flatMap((name) => allowedByCapability[name] ?? []);
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: eperm,
    architectures: (architectures[architecture] ?? []).slice(0, has32BitPrograms ? undefined : 1),
    syscalls: [
      allow([...new Set([...alwaysAllowed, ...granted])]),
      ...personalities.map((value) => allow(["personality"], [{ index: 0, value, op: "SCMP_CMP_EQ" }])),
      allow(["socket"], [{ index: 0, value: vsockFamily, op: "SCMP_CMP_NE" }]),
      ...(isAdmin ? [] : threadsOnly),
    ],
  };
}

/** clone3 hides its flags behind a pointer, so it is said not to exist: the C library then uses clone. */
const threadsOnly: readonly OciSeccompRule[] = [
  allow(["clone"], [{ index: 0, value: namespaceFlags, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }]),
  { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: enosys },
];

function allow(names: readonly string[], args?: OciSeccompRule["args"]): OciSeccompRule {
  return { names, action: "SCMP_ACT_ALLOW", ...(args === undefined ? {} : { args }) };
}
