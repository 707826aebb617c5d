import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../src/internal/exec";
import { imageCacheFolder } from "./images";

/** The Docker of Debian 13, which Debian 12 does not have: its programs run here as they are. */
export interface NewerDocker {
  /** docker, dockerd and what they start; to be the first of PATH. */
  readonly programs: string;
  /** docker-compose and docker-buildx, to be named in a docker configuration. */
  readonly plugins: string;
}

const packages = ["docker-cli", "docker-compose", "docker-buildx", "docker.io"];
/** runc is the machine's own. */
const programs = [
  ...["usr/bin/docker", "usr/sbin/dockerd", "usr/sbin/docker-proxy", "usr/bin/containerd"],
  ...["usr/bin/containerd-shim-runc-v2"],
];

/**
 * Unpacked into a folder of its own by mmdebstrap, which has apt check signatures; nothing of the machine is changed. Made once, in
 * a quarter of a minute, and kept.
 */
export async function newerDocker(suite = "trixie"): Promise<NewerDocker> {
  const key = createHash("sha256").update(`1 ${packages} ${programs}`).digest("hex").slice(0, 12);
  const folder = join(imageCacheFolder, `docker-${suite}-${key}`);
  const found = { programs: join(folder, "bin"), plugins: join(folder, "cli-plugins") };
  if (await stat(folder).catch(() => undefined)) return found;
  await mkdir(imageCacheFolder, { recursive: true });
  const work = await mkdtemp(join(imageCacheFolder, "work-"));
  try {
    const root = join(work, "root");
    // A mirror may be behind: what it has is signed all the same.
    const options = ["--quiet", "--variant=extract", '--aptopt=Acquire::Check-Valid-Until "false"'];
    await run("mmdebstrap", [...options, `--include=${packages}`, suite, root], { timeoutMs: 300_000 });
    const kept = join(work, "kept");
    await mkdir(join(kept, "bin"), { recursive: true });
    for (const program of programs) await cp(join(root, program), join(kept, "bin", program.split("/").at(-1) ?? ""));
    await cp(join(root, "usr/libexec/docker/cli-plugins"), join(kept, "cli-plugins"), { recursive: true });
    // Another process may have been first; what it has is as good.
    await rename(kept, folder).catch(() => {});
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return found;
}
