import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fillVolume } from "../../../src/runtime/rootfs/copy-up";
import { isMountPoint } from "../../../src/runtime/rootfs/mount-tool";
import { overlayDriver } from "../../../src/runtime/rootfs/rootfs";

let base: string;
let layers: readonly string[];
let folder: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "runcible-rootfs-"));
  folder = join(base, "container");
  layers = ["a".repeat(64), "b".repeat(64)].map((name) => join(base, "layers", name, "diff"));
  for (const [index, layer] of layers.entries()) {
    await mkdir(join(layer, "data"), { recursive: true });
    await writeFile(join(layer, "data", `of-${index}`), String(index));
  }
});

afterEach(async () => {
  await overlayDriver.unmount(folder);
  await rm(base, { recursive: true, force: true });
});

test("a root shows all layers and keeps what is written out of them", async () => {
  const { path } = await overlayDriver.mount({ layers, folder });
  await writeFile(join(path, "data/of-0"), "changed");
  expect((await readdir(join(path, "data"))).sort()).toEqual(["of-0", "of-1"]);
  expect(await readFile(join(layers[0] ?? "", "data/of-0"), "utf8")).toBe("0");
});

test("a root that is mounted again has what was written before", async () => {
  const { path } = await overlayDriver.mount({ layers, folder });
  await writeFile(join(path, "written"), "x");
  await overlayDriver.unmount(folder);
  expect(await isMountPoint(path)).toBe(false);
  await overlayDriver.mount({ layers, folder });
  expect(await readFile(join(path, "written"), "utf8")).toBe("x");
});

test("mounting and unmounting twice is as good as once", async () => {
  await overlayDriver.mount({ layers, folder });
  const { path } = await overlayDriver.mount({ layers, folder });
  await overlayDriver.unmount(folder);
  await overlayDriver.unmount(folder);
  expect(await isMountPoint(path)).toBe(false);
});

test("an image may have the same layer several times", async () => {
  const [lower = "", upper = ""] = layers;
  await writeFile(join(lower, "data/of-1"), "lower");
  const { path } = await overlayDriver.mount({ layers: [lower, lower, upper, lower, upper, lower], folder });
  expect(await readFile(join(path, "data/of-1"), "utf8")).toBe("lower");
  expect((await readdir(join(path, "data"))).sort()).toEqual(["of-0", "of-1"]);
});

test("an image without layers has an empty, writable root", async () => {
  const { path } = await overlayDriver.mount({ layers: [], folder });
  await writeFile(join(path, "first"), "x");
  expect(await readdir(path)).toEqual(["first"]);
});

test("changes tell what was added, modified and deleted", async () => {
  const { path } = await overlayDriver.mount({ layers, folder });
  await writeFile(join(path, "data/of-0"), "changed");
  await rm(join(path, "data/of-1"));
  await writeFile(join(path, "new"), "x");
  const changes = await overlayDriver.changes({ layers, folder });
  expect(changes.toSorted((left, right) => left.path.localeCompare(right.path))).toEqual([
    { path: "/data", kind: "modified" },
    { path: "/data/of-0", kind: "modified" },
    { path: "/data/of-1", kind: "deleted" },
    { path: "/new", kind: "added" },
  ]);
});

test("an empty volume gets what the image has there, with the mount point's owner and mode", async () => {
  const source = join(layers[0] ?? "", "data");
  await chown(source, 999, 998);
  await chmod(source, 0o2770);
  const volume = join(base, "volume");
  await mkdir(volume);
  await fillVolume(layers[0] ?? "", "/data", volume);
  expect(await readdir(volume)).toEqual(["of-0"]);
  expect((await readdir(base)).filter((name) => name.startsWith("filling"))).toEqual([]);
  expect(await stat(volume)).toMatchObject({ uid: 999, gid: 998, mode: 0o42770 });
});

test("a volume that has something in it is left alone", async () => {
  const volume = join(base, "volume");
  await mkdir(volume);
  await writeFile(join(volume, "mine"), "x");
  await fillVolume(layers[0] ?? "", "/data", volume);
  expect(await readdir(volume)).toEqual(["mine"]);
});
