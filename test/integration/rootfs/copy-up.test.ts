import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exitOf, spawnTool } from "../../../src/internal/exec";
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

test("a container that has the volume already, and makes links in it meanwhile, leads nothing out of it", async () => {
  const [volume, host] = [join(base, "volume"), join(base, "host")];
  for (const folder of [volume, host, join(image, "data", "sub")]) await mkdir(folder);
  for (const name of ["sub/planted", "file"]) await writeFile(join(image, "data", name), "planted");
  const links = `ln -s ${host} sub; ln -s ${host}/file file; mv sub other; mv file sub; rm -rf ./*`;
  const racer = spawnTool("sh", ["-c", `cd ${volume} && while :; do ${links}; done`], { stdio: "ignore" });
  const ended = exitOf(racer, "sh");
  let filled = 0;
  try {
    for (let round = 0; round < 500 && (round < 40 || filled === 0); round++) {
      await fillVolume(image, "/data", volume);
      // What the racer made of it, or has not removed yet.
      if ((await readdir(volume)).includes("of-0")) filled++;
    }
  } finally {
    racer.kill("SIGKILL");
    await ended;
  }
  expect(filled).toBeGreaterThan(0);
  expect(await readdir(host)).toEqual([]);
  expect((await readdir(base)).filter((name) => name.startsWith("filling"))).toEqual([]);
});
