import { join } from "node:path";
import { type NewerSuite, newerPrograms } from "./newer-programs";

/** The folder of a newer Debian's runc, to be the first of PATH. */
export async function newerRunc(suite: NewerSuite): Promise<string> {
  const wanted = { name: "runc", packages: ["runc"], programs: { "usr/sbin/runc": "bin" } };
  return join(await newerPrograms(suite, wanted), "bin");
}
