import { randomFillSync } from "node:crypto";
import { mkdir, mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { copyDriver } from "../../../src/runtime/rootfs/copy-driver";

const layerBytes = 50_000_000;

test("ten copied roots take hardly more than their layer where a file system can share blocks [root only: mounts a btrfs]", async () => {
  const disk = await btrfs("1G");
  const layer = join(disk, "layer");
  await mkdir(layer);
  await writeFile(join(layer, "noise"), randomFillSync(Buffer.alloc(layerBytes)));
  const before = await usedBytes(disk);

  for (let number = 0; number < 10; number += 1) {
    await copyDriver.mount({ layers: [layer], folder: join(disk, `container-${number}`) });
  }

  expect((await usedBytes(disk)) - before).toBeLessThan(layerBytes / 10);
});

async function btrfs(size: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-btrfs-"));
  const [image, disk] = [join(folder, "image"), join(folder, "disk")];
  await run("truncate", [`--size=${size}`, image]);
  await run("mkfs.btrfs", ["--quiet", image]);
  await mkdir(disk);
  await run("mount", ["-o", "loop", image, disk]);
  onTestFinished(async () => {
    await run("umount", [disk]);
    await rm(folder, { recursive: true });
  });
  return disk;
}

async function usedBytes(disk: string): Promise<number> {
  await run("sync", ["--file-system", disk]);
  const { blocks, bfree, bsize } = await statfs(disk);
  return (blocks - bfree) * bsize;
}
