import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openTree } from "../../../../src/runtime/tree/open-tree";
import { readFileIn } from "../../../../src/runtime/tree/read-file";
import { removeEntry } from "../../../../src/runtime/tree/remove-entry";
import { walkTo } from "../../../../src/runtime/tree/walk-to";

let base: string;
let root: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "runcible-walk-"));
  root = join(base, "root");
  await mkdir(join(root, "a/b"), { recursive: true });
  await writeFile(join(root, "a/b/file"), "inside");
  await writeFile(join(base, "file"), "outside");
  await symlink("/a/b", join(root, "absolute"));
  await symlink("b/../b", join(root, "a/relative"));
  await symlink("../../../../../..", join(root, "a/up"));
  await symlink(base, join(root, "host"));
  await symlink("loop", join(root, "loop"));
  await symlink("/nowhere/else", join(root, "dangling"));
});

afterEach(() => rm(base, { recursive: true, force: true }));

/** Where a walk ends: the folder it stands in and the name it left over. */
async function endOf(path: string, followLast = true, makeMissing = false): Promise<readonly (string | undefined)[]> {
  await using walk = await openTree({ path: root });
  const last = await walkTo(walk, path, { followLast, makeMissing });
  return [walk.path, last];
}

test.each([
  ["a folder", "/a/b", ["/a/b", undefined]],
  ["a file", "/a/b/file", ["/a/b", "file"]],
  ["dots and double slashes", "a/.//b/./file", ["/a/b", "file"]],
  ["an absolute link", "/absolute/file", ["/a/b", "file"]],
  ["a relative link", "/a/relative/file", ["/a/b", "file"]],
  ["a way up past the root", "/../../a/../../a/b", ["/a/b", undefined]],
  ["a link up past the root", "/a/up/a/b", ["/a/b", undefined]],
  ["the root", "/", ["/", undefined]],
  ["a last part that is not there", "/a/none", ["/a", "none"]],
])("%s is found inside the root", async (_what, path, end) => {
  expect(await endOf(path)).toEqual(end);
});

test("a link in the last place is left alone unless it is to be followed", async () => {
  expect(await endOf("/absolute", false)).toEqual(["/", "absolute"]);
  expect(await endOf("/absolute", true)).toEqual(["/a/b", undefined]);
});

test("a link to a folder of the host leads to the same path inside the root", async () => {
  await expect(endOf("/host/file")).rejects.toMatchObject({ code: "ENOENT" });
  await mkdir(join(root, base), { recursive: true });
  expect(await endOf("/host/file")).toEqual([base, "file"]);
});

test("a loop of links, a missing folder and a file in between are errors", async () => {
  await expect(endOf("/loop")).rejects.toMatchObject({ code: "invalid-argument" });
  await expect(endOf("/none/x")).rejects.toMatchObject({ code: "ENOENT" });
  await expect(endOf("/a/b/file/x")).rejects.toMatchObject({ code: "ENOTDIR" });
});

test("missing folders are made when asked for, also where a dangling link leads", async () => {
  expect(await endOf("/dangling/new/last", true, true)).toEqual(["/nowhere/else/new", "last"]);
  expect(await readdir(join(root, "nowhere/else"))).toEqual(["new"]);
});

test("a folder that has become a link under the walk still is the folder", async () => {
  await using walk = await openTree({ path: root });
  await walkTo(walk, "/a/b", { followLast: true });
  await rename(join(root, "a/b"), join(root, "moved"));
  await symlink(base, join(root, "a/b"));
  expect(await readFile(walk.folder.at("file"), "utf8")).toBe("inside");
  await expect(endOf("/a/b/file")).rejects.toMatchObject({ code: "ENOENT" });
});

test("a walk deeper than it keeps handles comes back up, unless a folder was moved meanwhile", async () => {
  const names = Array.from({ length: 60 }, (_, index) => `d${index}`);
  await mkdir(join(root, ...names), { recursive: true });
  const before = (await readdir("/proc/self/fd")).length;
  await using walk = await openTree({ path: root });
  await walk.moveTo(names);
  expect((await readdir("/proc/self/fd")).length - before).toBeLessThan(40);
  await walk.moveTo(["d0", "d1"]);
  expect(await walk.folder.names()).toEqual(["d2"]);

  await walk.moveTo(names);
  await rename(join(root, ...names.slice(0, 41)), join(base, "elsewhere"));
  await expect(walk.moveTo([])).rejects.toMatchObject({ code: "path-not-found" });
});

test("the name of an entry is never a path", async () => {
  await using walk = await openTree({ path: root });
  for (const name of ["", ".", "..", "a/b"]) {
    expect(() => walk.folder.at(name)).toThrow(/not the name of an entry/);
  }
});

test("removing a folder removes its links, not what they lead to", async () => {
  await symlink(base, join(root, "a/b/host"));
  await using walk = await openTree({ path: root });
  await removeEntry(walk, "a");
  await removeEntry(walk, "host");
  expect(await readdir(base)).toEqual(["file", "root"]);
  expect(await readdir(root)).toEqual(["absolute", "dangling", "loop"]);
});

test("a mount is seen at its place without the kernel's help, and is not removed", async () => {
  const source = join(base, "volume");
  await mkdir(source);
  await writeFile(join(source, "data"), "x");
  const mounts = [{ target: "/absolute/vol", source, isReadOnly: true }];
  await using walk = await openTree({ path: root, mounts });

  expect(await walkTo(walk, "/a/relative/vol/data", { followLast: true })).toBe("data");
  expect(walk.path).toBe("/a/b/vol");
  expect(() => walk.checkWritable()).toThrow("mounted volume is marked read-only");
  await walk.toRoot();
  await expect(removeEntry(walk, "a")).rejects.toMatchObject({ code: "invalid-argument" });
  expect(await readdir(source)).toEqual(["data"]);
});

test("a file is read up to the limit; a pipe, a folder and a link outwards are not read", async () => {
  await symlink(join(base, "file"), join(root, "leak"));
  expect((await readFileIn(root, "/absolute/file", 3))?.toString()).toBe("ins");
  expect(await readFileIn(root, "/leak", 100)).toBeUndefined();
  expect(await readFileIn(root, "/a", 100)).toBeUndefined();
});
