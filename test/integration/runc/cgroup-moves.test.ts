import { readdir, readFile, readlink } from "node:fs/promises";
import { expect, test } from "vitest";
import { holdMovesQuick } from "../../../src/runtime/runc/cgroup-moves";
import { waitUntil } from "../../support/wait-until";

const ownGroups = (): Promise<string> => readFile("/proc/self/cgroup", "utf8");

async function groupFilesOpen(): Promise<number> {
  const files = await readdir("/proc/self/fd");
  const targets = await Promise.all(files.map((file) => readlink(`/proc/self/fd/${file}`).catch(() => "")));
  return targets.filter((target) => target.endsWith("/cgroup.procs")).length;
}

test("while moves are held quick a process stays where it is, and afterwards nothing of it is left", async () => {
  const groups = await ownGroups();
  const releases = [holdMovesQuick(), holdMovesQuick()];
  for (let look = 0; look < 20; look += 1) {
    await new Promise(setImmediate);
    expect(await ownGroups()).toBe(groups);
  }

  for (const release of [...releases, ...releases]) release();

  await waitUntil(async () => (await groupFilesOpen()) === 0, 30_000);
  expect(await groupFilesOpen()).toBe(0);
  expect(await ownGroups()).toBe(groups);
});
