import { isAppArmorOn, mayLoadProfiles } from "../../internal/app-armor";
import { installCommand } from "../../internal/debian-packages";
import { findProgram } from "./find-program";
import { found, type Machine, type Outcome, optional } from "./finding";

/** What the engine looks at before it loads a profile: see runtime/runc/apparmor.ts. */
export interface AppArmorFacts {
  /** Undefined: the kernel was built without. */
  readonly isOn: boolean | undefined;
  /** Root is that of the machine, and may load profiles. An ordinary user is believed that root may. */
  readonly mayLoad: boolean;
  /** `apparmor_parser` is there. */
  readonly hasParser: boolean;
}

/** Whether root's containers are confined by AppArmor. They run without it too. */
export async function examineAppArmor({ way, uid, path }: Machine): Promise<Outcome> {
  return appArmorOutcome({
    isOn: await isAppArmorOn(),
    mayLoad: uid === 0 ? way === "root" && (await mayLoadProfiles()) : true,
    hasParser: (await findProgram("apparmor_parser", path)) !== undefined,
  });
}

/** Pure. */
export function appArmorOutcome({ isOn, mayLoad, hasParser }: AppArmorFacts): Outcome {
  if (isOn === undefined)
    return { state: "optional", detail: "not in this kernel; containers have their other guards" };
  if (!isOn) {
    return optional(
      "switched off; containers have their other guards",
      "add apparmor=1 security=apparmor to the kernel's command line",
    );
  }
  if (!mayLoad) {
    return optional(
      "on, but this root may load no profile; containers have their other guards",
      "in a container its own profile counts; on a machine run: sudo mount -t securityfs securityfs /sys/kernel/security",
    );
  }
  if (!hasParser) {
    return optional(
      "on, but apparmor_parser is not installed; containers have their other guards",
      `run: ${installCommand("apparmor_parser")}`,
    );
  }
  return found("on; a profile of the engine confines containers");
}
