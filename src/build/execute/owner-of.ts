import { resolveUser } from "../../runtime/runc/users";
import type { Owner } from "./copy-tree";

/** The owner that `--chown` or USER names, by the root's passwd and group. A lone number stands for user and group. */
export async function ownerOf(root: string, name: string): Promise<Owner> {
  const { uid, gid } = await resolveUser(root, name.includes(":") ? name : `${name}:${name}`).catch(
    async (error: unknown) => {
      // A user whose name is that of no group has the group of passwd.
      if (name.includes(":")) throw error;
      return await resolveUser(root, name);
    },
  );
  return { uid, gid };
}
