import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkSocketFolder, prepareEngineFolders } from "../../../src/client/engine-folder";

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

test.each([
  ["of another user", async () => {}, 1, /belongs to user \d+, and this is user \d+; run this as that user/],
  ["that others may write to", () => chmod(stateFolder, 0o777), 0, /others may write to it; run: chmod 700/],
  ["that is a file", () => replaceBy((path) => writeFile(path, "")), 0, /is no folder; remove it/],
  ["that is a link", () => replaceBy((path) => symlink("/", path)), 0, /is a link; name the folder that it leads to/],
])("a state folder %s is refused with what it is and what to do", async (_what, change, distance, said) => {
  await change();
  const uid = (process.getuid?.() ?? 0) + distance;

  const checked = checkSocketFolder(join(stateFolder, "engine.sock"), uid);

  await expect(checked).rejects.toMatchObject({ code: "permission-denied", message: expect.stringMatching(said) });
  await expect(checked).rejects.toThrow("RUNCIBLE_STATE_DIR");
});

async function replaceBy(make: (path: string) => Promise<void>): Promise<void> {
  await rm(stateFolder, { recursive: true });
  await make(stateFolder);
}
