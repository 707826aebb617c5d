import { access, constants, readFile } from "node:fs/promises";
import { ownUserNamespace } from "./user-namespace";

/** Of securityfs: who writes a profile's name to it takes the profile out of the kernel. */
export const profileRemoval = "/sys/kernel/security/apparmor/.remove";

/** Whether the kernel asks AppArmor. Undefined: it was built without. */
export async function isAppArmorOn(): Promise<boolean | undefined> {
  const enabled = await readFile("/sys/module/apparmor/parameters/enabled", "utf8").catch(() => undefined);
  return enabled === undefined ? undefined : enabled.trim() === "Y";
}

/** Whether this process may load and remove profiles: as the machine's root, where securityfs may be written to. */
export async function mayLoadProfiles(): Promise<boolean> {
  if (!ownUserNamespace().isInitial) return false;
  return await access(profileRemoval, constants.W_OK).then(
    () => true,
    () => false,
  );
}
