import { createWriteStream } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { expect, onTestFinished, test } from "vitest";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { storageFolderOf } from "../../support/storage-folder";
import { openCell } from "./in-container";

const engine = useEngineOfThisFile();

/** Renaming makes a path longer than any path may be (4096) out of shorter ones. */
const dig = (folder: string): string => `
  name=$(head -c 200 /dev/zero | tr '\\0' d); half=$name/$name/$name/$name/$name/$name/$name/$name
  cd ${folder}; mkdir deep; echo bottom > deep/file
  for round in 1 2 3 4; do mkdir -p next/$half; mv deep next/$half/; mv next deep; done; echo dug`;

test("a tree that is deeper than a path is long is copied, is no part of an image, and goes with its container and volume", async () => {
  const { containers, volumes } = engine.client;
  const folder = await mkdtemp(join(tmpdir(), "runcible-deep-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const cell = await openCell(engine.client, { HostConfig: { Binds: ["deep-volume:/volume"] } });
  const storage = await storageFolderOf(engine);
  const unfinishedLayers = async (): Promise<readonly string[]> =>
    (await readdir(join(storage, "layers"))).filter((name) => name.startsWith("unfinished-"));
  // Other tests damage layers, whose files stay as long as a container may have them mounted.
  const before = await unfinishedLayers();
  try {
    expect(await cell.sh(dig("/tmp"))).toContain("dug");
    expect(await cell.sh(dig("/volume"))).toContain("dug");
    await pipeline(await containers.getArchive(cell.id, "/tmp/deep"), createWriteStream(join(folder, "deep.tar")));
    expect((await stat(join(folder, "deep.tar"))).size).toBeGreaterThan(4 * 8 * 512);
    await expect(containers.commit(cell.id, { repo: "deep", tag: "1" })).rejects.toMatchObject({
      code: "layer-invalid",
    });
  } finally {
    await cell[Symbol.asyncDispose]();
  }
  await volumes.remove("deep-volume");
  expect(await readdir(join(storage, "containers"))).not.toContain(cell.id);
  expect(await readdir(join(engine.stateFolder, "volumes"))).not.toContain("deep-volume");
  expect(await unfinishedLayers()).toEqual(before);
});
