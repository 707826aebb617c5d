import { createHash } from "node:crypto";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { run } from "../../../src/internal/exec";

const cacheFolder = process.env["RUNCIBLE_TEST_CACHE"] || join(homedir(), ".cache", "runcible-test");

/** What an engine needs, and what the tests look with. */
const packages = [
  ...["runc", "iproute2", "nftables", "uidmap", "fuse-overlayfs", "slirp4netns", "libstdc++6"],
  ...["libcap2-bin", "procps", "util-linux", "busybox-static"],
];

/**
 * A root file system as a CI image has it, as a tar archive: Debian with the packages above, this machine's Node, and a
 * user `dev` with a range of ids. Made once by mmdebstrap, in half a minute, and kept.
 */
export async function outerImage(): Promise<string> {
  const node = await stat(process.execPath);
  const key = createHash("sha256").update(`1 ${packages} ${node.size} ${node.mtimeMs}`).digest("hex").slice(0, 12);
  const file = join(cacheFolder, `nested-${key}.tar`);
  if (await stat(file).catch(() => undefined)) return file;
  await mkdir(cacheFolder, { recursive: true });
  const work = join(cacheFolder, `work-nested-${process.pid}.tar`);
  try {
    await run(
      "mmdebstrap",
      [
        ...["--quiet", "--variant=essential", `--include=${packages}`],
        `--customize-hook=cp -L ${process.execPath} "$1/usr/local/bin/node"`,
        `--customize-hook=chroot "$1" useradd --create-home --uid 1000 dev`,
        ...["bookworm", work],
      ],
      { timeoutMs: 300_000 },
    );
    await rename(work, file);
  } finally {
    await rm(work, { force: true });
  }
  return file;
}
