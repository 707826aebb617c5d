import { createHash } from "node:crypto";
import { chmod, cp, mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { run } from "../../src/internal/exec";
import { imageCacheFolder } from "./images";

export type NewerSuite = "trixie" | "sid";

export interface WantedPrograms {
  /** Of the folder that keeps them. */
  readonly name: string;
  readonly packages: readonly string[];
  /** Paths in the packages, and the folder below the kept one that each goes to. */
  readonly programs: Readonly<Record<string, string>>;
}

/**
 * A folder with programs of a newer Debian than this machine's, which run here as they are: with the libraries of that
 * Debian beside them. Unpacked by mmdebstrap, which has apt check signatures; nothing of the machine is changed. Made
 * once and kept.
 */
export async function newerPrograms(suite: NewerSuite, wanted: WantedPrograms): Promise<string> {
  const { name, packages, programs } = wanted;
  const key = createHash("sha256")
    .update(JSON.stringify(["2", packages, programs]))
    .digest("hex");
  const folder = join(imageCacheFolder, `${name}-${suite}-${key.slice(0, 12)}`);
  if (await stat(folder).catch(() => undefined)) return folder;
  await mkdir(imageCacheFolder, { recursive: true });
  const work = await mkdtemp(join(imageCacheFolder, "work-"));
  try {
    const root = join(work, "root");
    // A mirror may be behind: what it has is signed all the same.
    const options = ["--quiet", "--variant=extract", '--aptopt=Acquire::Check-Valid-Until "false"'];
    await run("mmdebstrap", [...options, `--include=${packages}`, suite, root], { timeoutMs: 300_000 });
    const kept = join(work, "kept");
    for (const [path, place] of Object.entries(programs)) {
      const program = join(kept, place, basename(path));
      await cp(join(root, path), program, { dereference: true });
      await keepLibraries(program, root, join(kept, "lib"));
      const lib = join(folder, "lib");
      // They start themselves anew by `/proc/self/exe`, so the file itself says where its libraries lie.
      const words = ["--set-interpreter", join(lib, "ld-linux-x86-64.so.2"), "--force-rpath", "--set-rpath", lib];
      await run("patchelf", [...words, program]);
    }
    await chmod(kept, 0o755);
    // Another process may have been first; what it has is as good.
    await rename(kept, folder).catch(() => {});
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return folder;
}

/** Copies the libraries that a program or a library names, and those that they name. */
async function keepLibraries(file: string, root: string, lib: string): Promise<void> {
  const { stdout } = await run("patchelf", ["--print-needed", file]);
  for (const library of [...stdout.split("\n").filter((line) => line !== ""), "ld-linux-x86-64.so.2"]) {
    const place = join(lib, library);
    if (await stat(place).catch(() => undefined)) continue;
    await cp(join(root, "usr/lib/x86_64-linux-gnu", library), place, { dereference: true });
    await keepLibraries(place, root, lib);
  }
}
