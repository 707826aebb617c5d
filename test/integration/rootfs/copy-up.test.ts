import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fillVolume } from "../../../src/runtime/rootfs/copy-up";

let base: string;
let image: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "runcible-copy-up-"));
  image = join(base, "image");
  await mkdir(join(image, "data"), { recursive: true });
  await writeFile(join(image, "data", "of-0"), "0");
});

afterEach(async () => {
  await rm(base, { recursive: true, force: true });
});

test("an empty volume gets what the image has there, with the mount point's owner and mode", async () => {
  const source = join(image, "data");
  await chown(source, 999, 998);
  await chmod(source, 0o2770);
  const volume = join(base, "volume");
  await mkdir(volume);
  await fillVolume(image, "/data", volume);
  expect(await readdir(volume)).toEqual(["of-0"]);
  expect((await readdir(base)).filter((name) => name.startsWith("filling"))).toEqual([]);
  expect(await stat(volume)).toMatchObject({ uid: 999, gid: 998, mode: 0o42770 });
});

test("a volume that has something in it is left alone", async () => {
  const volume = join(base, "volume");
  await mkdir(volume);
  await writeFile(join(volume, "mine"), "x");
  await fillVolume(image, "/data", volume);
  expect(await readdir(volume)).toEqual(["mine"]);
});
