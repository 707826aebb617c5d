import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { connect } from "../../../src/client/connect";
import { run } from "../../../src/internal/exec";
import { killIfThere } from "../../../src/internal/kill-if-there";
import { loadLayout } from "../../integration/containers/engine-with-image";
import { withContext } from "../../support/build/dockerfile-case";
import { type DockerCommand, dockerOn, must } from "../../support/docker-command";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { testImage } from "../../support/images";
import { processesOf } from "../../support/leaks/processes";
import { searchPathWithout } from "../../support/search-path";
import { waitUntil } from "../../support/wait-until";
import { enginePid } from "../support/engine-process";
import { fakeClock } from "../support/faked-clock";
import { type LayerContents, layerContents } from "../support/store";

// ext4's own way to be tested for this: what is not in its journal or on the disk at that moment never will be.
const shutDown = 'open(F, "<", $ARGV[0]) or die; my $how = pack("L", 2); ioctl(F, 0x8004587d, $how) or die "$!";';

/** With the first, small files lie beside their names: a layer's record comes through without the layer's files. */
describe.each(["inline_data", "^inline_data"])("[root only: mounts an ext4] on a disk with %s", (feature) => {
  let folder: string;
  let engine: TestEngine;
  let docker: DockerCommand;

  const disk = (): string => join(folder, "disk");
  const layersFolder = (): string => join(engine.stateFolder, "layers");
  const image = (number: number): string => join(folder, `image-${number}`);
  const mount = (number: number): Promise<unknown> => run("mount", ["-o", "loop", image(number), disk()]);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "runcible-power-"));
    await mkdir(disk());
    await run("truncate", ["--size=256M", image(0)]);
    await run("/sbin/mke2fs", ["-q", "-t", "ext4", "-O", feature, image(0)]);
    await mount(0);
  });

  /** An engine with an image that was loaded, and one that was built. */
  async function fill(settings: Readonly<Record<string, string>> = {}): Promise<LayerContents> {
    const ownSettings = { DOCKER_HOST: "", RUNCIBLE_HOST: "", RUNCIBLE_IDLE_SECONDS: "600", ...settings };
    engine = await useTestEngine(ownSettings, disk());
    docker = dockerOn(`unix://${join(engine.stateFolder, "engine.sock")}`);
    await startEngine();
    await loadLayout(engine, await testImage("busybox"), "bb:latest");
    const dockerfile = "FROM bb\nRUN head -c 300000 /dev/urandom >/noise && sha256sum /noise >/sum\n";
    await withContext({ dockerfile }, (context) => must(docker, "build", "--tag", "built", context));
    await writeNames();
    const contents = await layerContents(engine.stateFolder);
    expect(contents.size).toBe(2);
    return contents;
  }

  afterEach(async () => {
    await engine[Symbol.asyncDispose]();
    await run("umount", [disk()]);
    await rm(folder, { recursive: true });
  });

  async function startEngine(): Promise<void> {
    (await connect()).client.close();
  }

  const recordPaths = async (): Promise<readonly string[]> =>
    (await readdir(layersFolder()))
      .filter((name) => /^[0-9a-f]{64}$/.test(name))
      .map((name) => join(layersFolder(), name, "layer.json"));

  const records = async (): Promise<readonly string[]> =>
    await Promise.all((await recordPaths()).map((path) => readFile(path, "utf8")));

  /** Brings names to the disk, as the kernel does every five seconds, and no content but that of one file. */
  const writeNames = (): Promise<void> => writeFile(join(disk(), "written"), "", { flush: true });

  /** The engine goes first: a machine without power has no cgroups either, and its supervisor sees to that. */
  async function cutPower(): Promise<void> {
    killIfThere(await enginePid(engine.stateFolder), "SIGKILL");
    expect(await waitUntil(async () => (await processesOf(engine.stateFolder)).length === 0, 30_000)).toBe(true);
    await run("perl", ["-e", shutDown, disk()]);
    await run("umount", [disk()]);
    // A copy: in mount namespaces that other programs have made meanwhile, the first one is still mounted as it was.
    await run("cp", ["--sparse=always", image(0), image(1)]);
    await mount(1);
    // It was not the machine that started anew, so it is the records that are of another run of it.
    for (const path of await recordPaths()) {
      const text = await readFile(path, "utf8").catch(() => "");
      if (text !== "") await writeFile(path, text.replace(/"bootId":"[^"]+"/, '"bootId":"of the run before"'));
    }
  }

  /** Of both layers: that which was unpacked, and that which a step wrote. */
  async function expectWhole(before: LayerContents): Promise<void> {
    await must(docker, "run", "--rm", "built", "sha256sum", "-c", "/sum");
    expect(await layerContents(engine.stateFolder)).toEqual(before);
  }

  test("an image that was loaded and built a moment before the power is cut is whole when it is used", async () => {
    const before = await fill({ PATH: await searchPathWithout("sync") });

    await cutPower();
    await startEngine();

    await expectWhole(before);
  });

  test("an image that has reached the disk is used as it lies", async () => {
    const clock = await fakeClock();
    onTestFinished(() => clock[Symbol.asyncDispose]());
    const before = await fill({ ...clock.settings, RUNCIBLE_IDLE_SECONDS: "86400" });
    await clock.set("+0 x20");
    const isWritten = async (): Promise<boolean> => {
      // Between two events it sleeps by the machine's clock.
      await engine.client.system.runcibleInfo();
      return !(await records()).join().includes("bootId");
    };
    expect(await waitUntil(isWritten, 120_000)).toBe(true);
    await writeNames();
    await clock.set("+0");

    await cutPower();
    expect(await layerContents(engine.stateFolder)).toEqual(before);
    await startEngine();

    await expectWhole(before);
    expect(await readFile(join(engine.stateFolder, "engine.log"), "utf8")).not.toContain("unpacked again");
  });
});
