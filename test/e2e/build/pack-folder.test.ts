import { expect, test } from "vitest";
import { packFolder } from "../../../src/client/pack-folder";
import { withContext } from "../../support/build/dockerfile-case";
import { treeOf } from "../../support/build/tree";

test("a folder is packed with permissions and links, as root's, without what is ignored", async () => {
  const files = { "s/run": "4775 3", "s/link": "-> run", "s/none": "", "skip/a": "1", "s/skip": "1", ".hidden": "2" };
  await withContext({ dockerfile: "FROM scratch\n", files }, async (folder) => {
    const tar = packFolder(folder, (name) => name.endsWith("skip"));

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

test("a folder that is not there is an error of the stream", async () => {
  await expect(treeOf(packFolder("/nosuch", () => false))).rejects.toThrow("ENOENT");
});
