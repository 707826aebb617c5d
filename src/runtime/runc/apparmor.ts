import { writeFile } from "node:fs/promises";
import { isAppArmorOn, mayLoadProfiles, profileRemoval } from "../../internal/app-armor";
import { installCommand } from "../../internal/debian-packages";
import { hasCode } from "../../internal/errors";
import { run } from "../../internal/exec";
import type { Logger } from "../../internal/log";

/** What AppArmor does here for containers. */
export interface AppArmor {
  /** Whether a profile that somebody loaded can be asked for by its name. */
  readonly isEnabled: boolean;
  /** Of containers that ask for no other. Undefined: they are not confined. */
  readonly profile?: string;
}

/** Named as the engine's other things in the kernel; client/supervisor-script.ts knows it too. */
export function profileNameOf(engineId: string): string {
  return `runcible-${engineId}`;
}

/**
 * Loads the profile of this engine's containers, which is there until `unloadProfile`. Only root of the machine may:
 * for an ordinary user's engine the kernel guards the machine as it does from that user. Where it cannot be loaded, a
 * warning is logged.
 */
export async function openAppArmor(engineId: string, logger: Logger): Promise<AppArmor> {
  if ((await isAppArmorOn()) !== true || !(await mayLoadProfiles())) {
    return { isEnabled: false };
  }
  const profile = profileNameOf(engineId);
  try {
    await run("apparmor_parser", ["--replace", "--skip-cache", "--quiet"], { input: profileText(profile) });
    return { isEnabled: true, profile };
  } catch (error) {
    const why = hasCode(error, "tool-missing")
      ? { reason: `apparmor_parser is not installed; run: ${installCommand("apparmor_parser")}` }
      : { error };
    logger.warn("AppArmor confines no container", why);
    return { isEnabled: true };
  }
}

/** Once no process has it any more. One that is not there is fine. */
export async function unloadProfile({ profile }: AppArmor): Promise<void> {
  if (profile === undefined) return;
  await writeFile(profileRemoval, profile).catch((error: unknown) => {
    if (!hasCode(error, "ENOENT")) throw error;
  });
}

/** By `SecurityOpt`, as Docker decides it. Undefined: not confined. Pure. */
export function profileOf(
  { isEnabled, profile }: AppArmor,
  asked: { readonly appArmor: string | undefined; readonly isPrivileged: boolean },
): string | undefined {
  if (!isEnabled || asked.appArmor === "unconfined") return undefined;
  return asked.appArmor ?? (asked.isPrivileged ? undefined : profile);
}

/**
 * A second guard where capabilities, seccomp and read-only mounts are the first: no mount, no setting of the kernel but
 * those of the container's own namespaces, no signal and no trace to what is not a container. apparmor.d(5); without
 * `abi`, what newer kernels guard as well stays as it is. Written for no version of the abstractions, which are not
 * everywhere.
 */
export function profileText(name: string): string {
  return `profile ${name} flags=(attach_disconnected,mediate_deleted) {
  file,
  network,
  capability,
  umount,
  deny mount,
  deny remount,

  signal (receive),
  signal (send) peer=${name},
  ptrace (trace, read, tracedby, readby) peer=${name},

  # Files of /proc itself, and folders of it that are neither a process nor sys.
  deny /proc/* w,
  deny /proc/{acpi,asound,bus,driver,fs,irq,scsi,tty}/** w,
  deny /proc/{kcore,kmem,mem,sysrq-trigger} rwklx,
  # Settings, but for shared memory, message queues and names of the container, and its network.
  deny /proc/sys/{abi,debug,dev,fs,sunrpc,user,vm}/** w,
  deny /proc/sys/fs/binfmt_misc/** rwklx,
  deny /proc/sys/kernel/hotplug w,
  deny /proc/sys/kernel/[^dhms]** w,
  deny /proc/sys/kernel/d[^o]** w,
  deny /proc/sys/kernel/h[^o]** w,
  deny /proc/sys/kernel/m[^s]** w,
  deny /proc/sys/kernel/s[^eh]** w,
  deny /proc/sys/kernel/*/** w,

  deny /sys/{block,bus,class,dev,devices,firmware,hypervisor,kernel,module,power}/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/kernel/{debug,security,tracing}/** rwklx,
}
`;
}
