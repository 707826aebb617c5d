import { mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../src/internal/exec";
import { type TestEngine, useTestEngine } from "../../support/engine";

/** An engine whose state folder is on a disk of its own. */
export interface EngineOnSmallDisk extends AsyncDisposable {
  readonly engine: TestEngine;
  /** Fills the disk up to its last byte. */
  fill(): Promise<void>;
  /** Takes that back. */
  free(): Promise<void>;
  freeBytes(): Promise<number>;
}

/** Starts nothing. A tmpfs: the kernel answers ENOSPC as any file system does. */
export async function engineOnSmallDisk(sizeBytes: number): Promise<EngineOnSmallDisk> {
  const disk = await mkdtemp(join(tmpdir(), "runcible-disk-"));
  await run("mount", ["-t", "tmpfs", "-o", `size=${sizeBytes},mode=700`, "tmpfs", disk]);
  const engine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_HOST: "", RUNCIBLE_IDLE_SECONDS: "600" }, disk);
  const ballast = join(disk, "ballast");
  return {
    engine,
    fill: async () => {
      // Not by dd's exit code: that it runs into the end of the disk is the point.
      await run("sh", ["-c", 'dd if=/dev/zero of="$0" bs=4k 2>/dev/null; true', ballast]);
    },
    free: () => rm(ballast, { force: true }),
    freeBytes: async () => {
      const { bavail, bsize } = await statfs(disk);
      return bavail * bsize;
    },
    [Symbol.asyncDispose]: async () => {
      await writeFile(ballast, "");
      await engine[Symbol.asyncDispose]();
      await run("umount", [disk]);
      await rm(disk, { recursive: true });
    },
  };
}
