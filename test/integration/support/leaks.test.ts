import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { spawnTool } from "../../../src/internal/exec";
import { difference, expectNothingLeft, takeSnapshot } from "../../support/leaks";
import { processesOf } from "../../support/leaks/processes";
import { isMachineRoot } from "../../support/run-as";

/** An ordinary user makes namespaces in a user namespace. */
const asRoot = isMachineRoot ? [] : ["--user", "--map-root-user"];

test("a process in namespaces of its own counts as left until it has ended", async () => {
  const stateFolder = await mkdtemp(join(tmpdir(), "runcible-leaks-"));
  const before = await takeSnapshot({ stateFolder });
  const script = `mount -t tmpfs left ${stateFolder} && echo ready && exec cat`;
  const child = spawnTool("unshare", [...asRoot, "--net", "--mount", "sh", "-c", script], {
    stdio: ["pipe", "pipe", "inherit"],
    // As the tools of an engine.
    env: { PATH: process.env["PATH"] },
  });
  try {
    if (child.stdout !== null) await once(child.stdout, "data");
    const left = difference(before, await takeSnapshot({ stateFolder }));
    expect(left.map((line) => line.split(":")[0])).toEqual(["processes", "mounts", "network namespaces", "links"]);
    await expect(expectNothingLeft(before, 0)).rejects.toThrow("still there after 0 ms");
  } finally {
    child.kill("SIGKILL");
  }
  await expectNothingLeft(before, 30_000);
  await rm(stateFolder, { recursive: true });
});

test("a process with another folder, which has a copy of a mount below this one, is no business of it", async () => {
  const stateFolder = await mkdtemp(join(tmpdir(), "runcible-leaks-"));
  // No exec after it: a process that becomes another program has no environment for a moment.
  const script = `mount -t tmpfs copied ${stateFolder} && echo ready && read -r _`;
  const child = spawnTool("unshare", [...asRoot, "--mount", "sh", "-c", script], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], RUNCIBLE_STATE_DIR: "/elsewhere" },
  });
  try {
    if (child.stdout !== null) await once(child.stdout, "data");
    expect(await processesOf(stateFolder)).toEqual([]);
  } finally {
    child.kill("SIGKILL");
  }
  await rm(stateFolder, { recursive: true });
});

test("an entry in a watched folder counts as left", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runcible-leaks-"));
  const before = await takeSnapshot({ stateFolder: folder, folders: [folder] });
  await mkdtemp(join(folder, "container-"));
  await expect(expectNothingLeft(before, 0)).rejects.toThrow("folders:");
  await rm(folder, { recursive: true });
});
