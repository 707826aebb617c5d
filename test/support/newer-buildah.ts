import { join } from "node:path";
import { newerPrograms } from "./newer-programs";

/** The buildah of sid, as a path. */
export async function newerBuildah(): Promise<string> {
  const wanted = { name: "buildah", packages: ["buildah"], programs: { "usr/bin/buildah": "bin" } };
  return join(await newerPrograms("sid", wanted), "bin/buildah");
}
