import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { prepareEngineFolders } from "../../../src/client/engine-folder";

let stateFolder: string;

beforeEach(async () => {
  stateFolder = await mkdtemp(join(tmpdir(), "runcible-folder-"));
  await chmod(stateFolder, 0o755);
});
afterEach(() => rm(stateFolder, { recursive: true }));

function prepare(): Promise<void> {
  return prepareEngineFolders({ stateFolder, socketPath: join(stateFolder, "engine.sock") }, process.getuid?.() ?? 0);
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

test("a state folder that was made beforehand is closed to others", async () => {
  await mkdir(join(stateFolder, "lost+found"));

  await prepare();

  expect(await modeOf(stateFolder)).toBe(0o700);
});

test("a folder of other things is left as it is, and refused", async () => {
  await writeFile(join(stateFolder, "notes.txt"), "");

  await expect(prepare()).rejects.toMatchObject({ code: "permission-denied" });

  expect(await modeOf(stateFolder)).toBe(0o755);
});
