import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { writeDeletionMarks } from "../../../src/runtime/rootfs/write-deletion-marks";

test("marks follow no link out of the folder, and the others are written", async () => {
  const base = await mkdtemp(join(tmpdir(), "runcible-marks-"));
  onTestFinished(() => rm(base, { recursive: true, force: true }));
  const [upper, host] = [join(base, "upper"), join(base, "host")];
  await mkdir(join(upper, "folder", "inner"), { recursive: true });
  await mkdir(join(host, "inner"), { recursive: true });
  await symlink(host, join(upper, "link"));
  await symlink("../../host", join(upper, "folder", "link"));
  await writeFile(join(upper, "file"), "");
  const deleted = ["/top", "/file/x", "/folder/inner/x", "/folder/link/x"];
  await writeDeletionMarks(upper, {
    deleted: [...deleted, "/folder/y", "/gone/x", "/link/inner/x", "/link/x"],
    opaque: ["/folder/inner", "/folder/link", "/gone", "/link/inner", "/link"],
  });
  const { stdout } = await run("find", ["host", "upper", "-mindepth", "1", "!", "-name", "inner"], { cwd: base });
  expect(stdout.trim().split("\n").sort()).toEqual([
    "upper/.wh.top",
    "upper/file",
    "upper/folder",
    "upper/folder/.wh.y",
    "upper/folder/inner/.wh..wh..opq",
    "upper/folder/inner/.wh.x",
    "upper/folder/link",
    "upper/link",
  ]);
});
