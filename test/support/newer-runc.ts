import { createHash } from "node:crypto";
import { chmod, cp, mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../src/internal/exec";
import { imageCacheFolder } from "./images";

const libraries = ["ld-linux-x86-64.so.2", "libc.so.6", "libseccomp.so.2"];

/**
 * The folder of a newer Debian's runc, to be the first of PATH. It needs newer libraries than this machine's, and starts
 * itself anew by `/proc/self/exe`, so it is told where they lie. Unpacked by mmdebstrap, which has apt check signatures;
 * made once and kept.
 */
export async function newerRunc(suite: "trixie" | "sid"): Promise<string> {
  const key = createHash("sha256").update(`1 ${libraries}`).digest("hex").slice(0, 12);
  const folder = join(imageCacheFolder, `runc-${suite}-${key}`);
  if (await stat(folder).catch(() => undefined)) return join(folder, "bin");
  await mkdir(imageCacheFolder, { recursive: true });
  const work = await mkdtemp(join(imageCacheFolder, "work-"));
  try {
    const root = join(work, "root");
    // A mirror may be behind: what it has is signed all the same.
    const options = ["--quiet", "--variant=extract", '--aptopt=Acquire::Check-Valid-Until "false"'];
    await run("mmdebstrap", [...options, "--include=runc", suite, root], { timeoutMs: 300_000 });
    const kept = join(work, "kept");
    for (const library of libraries) {
      const from = join(root, "usr/lib/x86_64-linux-gnu", library);
      await cp(from, join(kept, "lib", library), { dereference: true });
    }
    const runc = join(kept, "bin", "runc");
    await cp(join(root, "usr/sbin/runc"), runc);
    const [loader = ""] = libraries;
    const lib = join(folder, "lib");
    await run("patchelf", ["--set-interpreter", join(lib, loader), "--force-rpath", "--set-rpath", lib, runc]);
    await chmod(kept, 0o755);
    // Another process may have been first; what it has is as good.
    await rename(kept, folder).catch(() => {});
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return join(folder, "bin");
}
