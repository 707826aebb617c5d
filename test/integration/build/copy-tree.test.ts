import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { wholeTree } from "../../../src/build/context/tree";
import { copyTree } from "../../../src/build/execute/copy-tree";
import { run } from "../../../src/internal/exec";

let base: string;
let source: string;
let root: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "runcible-copy-"));
  source = join(base, "source");
  root = join(base, "root");
  await Promise.all([mkdir(source), mkdir(root), mkdir(join(base, "outside"))]);
});
afterEach(() => rm(base, { recursive: true }));

async function sh(script: string): Promise<string> {
  return (await run("sh", ["-euc", `PATH=$PATH:/usr/sbin:/sbin; ${script}`], { cwd: base })).stdout;
}

function copy(
  target: string,
  more: { readonly from?: string; readonly keepsAttributes?: boolean } = {},
): Promise<void> {
  return copyTree({
    source: more.from ?? source,
    root,
    target,
    owner: undefined,
    changeMode: undefined,
    keepsTopFolder: false,
    keepsAttributes: more.keepsAttributes ?? false,
    filter: wholeTree,
    signal: new AbortController().signal,
  });
}

test("programs keep their capabilities and their owner", async () => {
  await sh(
    `cd source; for f in "a b" -x; do cp /bin/true "./$f"; chown 7:8 "./$f"; setcap cap_net_raw+ep "./$f"; done`,
  );

  await copy("/d", { keepsAttributes: true });
  await copy("/renamed", { from: join(source, "a b"), keepsAttributes: true });

  expect(await sh("cd root; getcap ./renamed d/*")).toBe(
    "./renamed cap_net_raw=ep\nd/-x cap_net_raw=ep\nd/a b cap_net_raw=ep\n",
  );
  expect(await sh("stat -c %u:%g root/d/-x")).toBe("7:8\n");
});

test("links in the root are followed inside it, or replaced, and never lead out", async () => {
  const outside = join(base, "outside");
  await mkdir(join(source, "folder"));
  await writeFile(join(source, "folder/a"), "new");
  await writeFile(join(source, "file"), "new");
  await symlink(outside, join(root, "folder"));
  await symlink(join(outside, "victim"), join(root, "file"));
  await writeFile(join(outside, "victim"), "old");

  await copy("/");

  expect(await readdir(outside)).toEqual(["victim"]);
  expect(await readFile(join(outside, "victim"), "utf8")).toBe("old");
  expect(await readFile(join(root, outside, "a"), "utf8")).toBe("new");
  expect(await readFile(join(root, "file"), "utf8")).toBe("new");
});

test("names of one file stay names of one, and one that is written over does not come back", async () => {
  await sh("mkdir source/a source/b root/a; ln -s a root/b; echo 1 > source/a/x; ln source/a/x source/z");
  await sh("echo 2 > source/b/x; ln source/b/x source/y");

  await copy("/");

  expect(await sh("cd root; cat a/x y z; test a/x -ef y && echo same; stat -c %h z")).toBe("2\n2\n1\nsame\n1\n");
});

test.each([
  ["a folder over a file", "mkdir source/x; touch root/x", "non-directory"],
  ["a file over a folder", "touch source/x; mkdir root/x", "directory /x with a file"],
])("%s is refused", async (_, script, message) => {
  await sh(script);

  await expect(copy("/")).rejects.toThrow(message);
});
