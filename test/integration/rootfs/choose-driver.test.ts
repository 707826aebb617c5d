import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { type ChoiceRequest, chooseRootfs, type RootfsChoice } from "../../../src/runtime/rootfs/choose-driver";
import { overlayDriver } from "../../../src/runtime/rootfs/overlay-driver";
import { probeDriver } from "../../../src/runtime/rootfs/probe-driver";

let base: string;
/** On a real overlay, as the files of a container are. */
let onOverlay: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "runcible-choice-"));
  const { path } = await overlayDriver.mount({ layers: [], folder: join(base, "container") });
  onOverlay = join(path, "state");
  await mkdir(onOverlay);
});
afterEach(async () => {
  await overlayDriver.unmount(join(base, "container"));
  await rm(base, { recursive: true, force: true });
});

async function choose(request: Partial<ChoiceRequest> = {}): Promise<RootfsChoice> {
  const choice = await chooseRootfs({
    stateFolder: onOverlay,
    engineId: "1f2e3d4c",
    asked: undefined,
    scratchMounts: [],
    ...request,
  });
  onTestFinished(() => choice.release());
  return choice;
}

test("on a disk, the kernel's overlay in the state folder", async () => {
  const { driver, storageFolder } = await choose({ stateFolder: base });
  expect([driver.name, storageFolder]).toEqual(["overlay", base]);
});

test("on an overlay without a volume, fuse-overlayfs, and why", async () => {
  const { driver, storageFolder, why } = await choose();
  expect([driver.name, storageFolder]).toEqual(["fuse-overlayfs", join(onOverlay, "fuse-overlayfs")]);
  expect(why).toContain("overlays do not nest");
});

test("on an overlay with a volume, an overlay there, and whoever removes the state folder finds it", async () => {
  const volume = join(base, "volume");
  await mkdir(volume);
  const { driver, storageFolder, why } = await choose({ scratchMounts: [{ path: volume, type: "ext4" }] });
  expect([driver.name, storageFolder]).toEqual(["overlay", join(volume, ".runcible-1f2e3d4c")]);
  expect(why).toContain(`${volume} is ext4`);
  expect(await readFile(join(onOverlay, "storage-folder"), "utf8")).toBe(storageFolder);
});

test("a volume that is an overlay itself, or is gone, is passed over", async () => {
  const other = join(onOverlay, "other");
  await mkdir(other);
  const { driver } = await choose({
    scratchMounts: [
      { path: join(base, "missing"), type: "ext4" },
      { path: other, type: "ext4" },
    ],
  });
  expect(driver.name).toBe("fuse-overlayfs");
  expect(await readdir(other)).toEqual([]);
});

test("folders on a volume are removed when their state folders are gone, not when their engines have ended", async () => {
  const volume = join(base, "volume");
  const removed = join(onOverlay, "removed");
  const ended = join(onOverlay, "ended");
  await Promise.all([volume, removed, ended].map((path) => mkdir(path)));
  const scratchMounts = [{ path: volume, type: "ext4" }];
  const ofRemoved = await choose({ stateFolder: removed, engineId: "aaaaaaaa", scratchMounts });
  const ofEnded = await choose({ stateFolder: ended, engineId: "bbbbbbbb", scratchMounts });
  await Promise.all([ofRemoved.release(), ofEnded.release(), rm(removed, { recursive: true })]);
  await choose({ engineId: "cccccccc", scratchMounts });
  expect((await readdir(volume)).sort()).toEqual([".runcible-bbbbbbbb", ".runcible-cccccccc"]);
});

test("folders on a volume whose state folders are in other containers are removed after a week without use", async () => {
  const volume = join(base, "volume");
  const week = 7 * 24 * 60 * 60;
  const now = Date.now() / 1000;
  for (const [id, usedBefore] of [
    ["aaaaaaaa", week + 60],
    ["bbbbbbbb", week - 600],
  ] as const) {
    const folder = join(volume, `.runcible-${id}`);
    await mkdir(folder, { recursive: true });
    const owner = join(folder, "state-folder");
    await writeFile(owner, JSON.stringify({ path: join(onOverlay, "missing"), upper: "upperdir=/of/another" }));
    for (const path of [owner, folder]) await utimes(path, now - usedBefore, now - usedBefore);
  }
  await choose({ engineId: "cccccccc", scratchMounts: [{ path: volume, type: "ext4" }] });
  expect((await readdir(volume)).sort()).toEqual([".runcible-bbbbbbbb", ".runcible-cccccccc"]);
});

test("a volume that images have filled up is used again, and keeps them", async () => {
  const volume = join(base, "volume");
  await mkdir(volume);
  await run("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", volume]);
  try {
    const scratchMounts = [{ path: volume, type: "tmpfs" }];
    const { storageFolder, release } = await choose({ scratchMounts });
    await expect(writeFile(join(storageFolder, "image"), Buffer.alloc(1_000_000))).rejects.toThrow("ENOSPC");
    await release();
    const again = await choose({ scratchMounts });
    expect([again.driver.name, again.storageFolder]).toEqual(["overlay", storageFolder]);
    expect(await readdir(storageFolder)).toContain("image");
  } finally {
    await run("umount", ["--lazy", volume]);
  }
});

test("a volume where overlays do not work any more keeps the images of when they did", async () => {
  const volume = join(onOverlay, "volume");
  const image = join(volume, ".runcible-1f2e3d4c", "image");
  await mkdir(image, { recursive: true });
  const { driver } = await choose({ scratchMounts: [{ path: volume, type: "ext4" }] });
  expect(driver.name).toBe("fuse-overlayfs");
  expect(await readdir(image)).toEqual([]);
});

test("the one that is asked for", async () => {
  const { driver, storageFolder, why } = await choose({ stateFolder: base, asked: "copy" });
  expect([driver.name, storageFolder]).toEqual(["copy", join(base, "copy")]);
  expect(why).toContain("RUNCIBLE_ROOTFS");
});

test("one that is asked for and does not work is an error that says why", async () => {
  await expect(choose({ asked: "overlay" })).rejects.toMatchObject({
    code: "capability-missing",
    message: expect.stringContaining("overlays do not nest"),
  });
});

test("a driver whose program does not end in time has not said no", async () => {
  const hanging = async (): Promise<never> => {
    await run("sleep", ["100"], { timeoutMs: 50 });
    throw new TypeError("it was to be ended");
  };
  await expect(probeDriver({ ...overlayDriver, mount: hanging }, base)).rejects.toMatchObject({
    code: "timeout",
    message: expect.stringMatching(
      /^try overlay in .*: run sleep: it did not end within 0.05 s; try again .* RUNCIBLE_ROOTFS/,
    ),
  });
  expect((await readdir(base)).filter((name) => name.startsWith("probe-"))).toEqual([]);
});
