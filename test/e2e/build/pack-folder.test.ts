import { expect, test } from "vitest";
import { packFolder } from "../../../src/client/pack-folder";
import { withContext } from "../../support/build/dockerfile-case";
import { treeOf } from "../../support/build/tree";

test("a folder is packed with permissions and links, as root's, without what is ignored", async () => {
  const files = { "s/run": "4775 3", "s/link": "-> run", "s/none": "", "skip/a": "1", "s/skip": "1", ".hidden": "2" };
  await withContext({ dockerfile: "FROM scratch\n", files }, async (folder) => {
    const tar = packFolder(folder, { ignores: (name) => name.endsWith("skip"), hasExceptions: false });

    expect(await treeOf(tar)).toEqual([
      "-0644 0:0 .hidden = 2",
      "-0644 0:0 Dockerfile = FROM scratch",
      "d0755 0:0 s/",
      "l 0:0 s/link -> run",
      "-0644 0:0 s/none = ",
      "-4775 0:0 s/run = 3",
    ]);
  });
});

test("of a folder that is left out comes what an exception brings back, and the folders above it", async () => {
  const files = { "a/b/c/kept": "1", "a/b/other": "1", "a/d/other": "1", top: "1" };
  await withContext({ dockerfile: "FROM scratch\n", files }, async (folder) => {
    const tar = packFolder(folder, { ignores: (name) => !name.endsWith("kept"), hasExceptions: true });

    expect(await treeOf(tar)).toEqual([
      "d0755 0:0 a/",
      "d0755 0:0 a/b/",
      "d0755 0:0 a/b/c/",
      "-0644 0:0 a/b/c/kept = 1",
    ]);
  });
});

test("a folder that is not there is an error of the stream", async () => {
  await expect(treeOf(packFolder("/nosuch", { ignores: () => false, hasExceptions: false }))).rejects.toThrow("ENOENT");
});
