import { once } from "node:events";
import {
  chmod,
  chown,
  link,
  lstat,
  lutimes,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run, runUnchecked } from "../../../src/internal/exec";
import { packPath } from "../../../src/runtime/rootfs/pack-path";
import { type RootPathStat, statPath } from "../../../src/runtime/rootfs/path-stat";
import { unpackInto } from "../../../src/runtime/rootfs/unpack-into";
import { openTree } from "../../../src/runtime/tree/open-tree";
import { isMachineRoot } from "../../support/run-as";
import { waitUntil } from "../../support/wait-until";
import { type Entry, tarOf } from "../layer/layer-fixture";

let base: string;
let root: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "runcible-archive-"));
  root = join(base, "root");
  await mkdir(join(root, "etc"), { recursive: true });
  await writeFile(join(root, "etc/hosts"), "hosts");
  await symlink("/etc", join(root, "link"));
  await symlink("../../../../../../..", join(root, "up"));
});

afterEach(() => rm(base, { recursive: true, force: true }));

const options = { noOverwriteDirNonDir: false, signal: new AbortController().signal };
const put = (path: string, entries: readonly Entry[], more = {}): Promise<void> => putBytes(path, tarOf(entries), more);

async function putBytes(path: string, bytes: Buffer, more = {}): Promise<void> {
  await using walk = await openTree({ path: root });
  await unpackInto(walk, path, Readable.from([bytes]), { ...options, ...more });
}

async function pack(path: string): Promise<Readable> {
  const walk = await openTree({ path: root });
  return await packPath(walk, path).catch(async (error: unknown) => {
    await walk[Symbol.asyncDispose]();
    throw error;
  });
}

async function statOf(path: string): Promise<RootPathStat> {
  await using walk = await openTree({ path: root });
  return await statPath(walk, path);
}

async function namesIn(path: string): Promise<readonly string[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of await pack(path)) chunks.push(chunk);
  await writeFile(join(base, "out.tar"), Buffer.concat(chunks));
  const { stdout } = await runUnchecked("tar", ["-tPf", join(base, "out.tar")]);
  return stdout.trim().split("\n");
}

test("a folder is packed under its own name, its content under a dot, a link as itself", async () => {
  expect(await namesIn("/etc")).toEqual(["etc/", "etc/hosts"]);
  expect(await namesIn("/etc/.")).toEqual(["./", "./hosts"]);
  expect(await namesIn("/etc/hosts")).toEqual(["hosts"]);
  expect(await namesIn("/link")).toEqual(["link"]);
});

test("a path that leads through links is found inside the root", async () => {
  expect(await namesIn("/up/link/hosts")).toEqual(["hosts"]);
  expect(await statOf("/link")).toMatchObject({ kind: "symlink", linkTarget: "/etc", name: "link" });
  expect(await statOf("/link/hosts")).toMatchObject({ kind: "file", size: 5, name: "hosts" });
});

test("a path that is not there is told so before anything is streamed", async () => {
  await expect(pack("/nowhere")).rejects.toMatchObject({ code: "path-not-found" });
  await expect(statOf("/nowhere")).rejects.toMatchObject({ code: "path-not-found" });
  await expect(put("/nowhere", [])).rejects.toMatchObject({ code: "path-not-found" });
  await expect(put("/etc/hosts", [])).rejects.toMatchObject({ code: "invalid-argument" });
});

test("files arrive with their modes, parents are made, links are kept", async () => {
  await put("/", [
    { name: "opt/app/run", data: "#!", mode: 0o755 },
    { name: "opt/app/current", type: "2", linkName: "run" },
  ]);
  expect((await stat(join(root, "opt/app/run"))).mode & 0o7777).toBe(0o755);
  expect((await stat(join(root, "opt"))).mode & 0o7777).toBe(0o755);
  expect(await readlink(join(root, "opt/app/current"))).toBe("run");
});

/** Two files of 3 and 47 bytes: headers of 512 bytes, the first file's data filled up, 47 bytes, padding, trailer. */
const twoFiles = tarOf([
  { name: "one", data: "one" },
  { name: "two", data: "2".repeat(47) },
]);

test.each([
  ["all of it", 0],
  ["no trailer", 4 * 512],
  ["no padding either", 3 * 512 + 47],
  ["a part of the padding", 3 * 512 + 300],
])("an archive with whole entries is taken: %s", async (_, end) => {
  await putBytes("/etc", end === 0 ? twoFiles : twoFiles.subarray(0, end));

  expect(await readFile(join(root, "etc/two"), "utf8")).toBe("2".repeat(47));
});

test.each([
  ["in the data of an entry", 3 * 512 + 46],
  ["before the data of an entry", 3 * 512],
  ["in a header", 2 * 512 + 100],
  ["in the trailer", 4 * 512 + 100],
])("an archive that is cut off is refused: %s", async (_, end) => {
  await expect(putBytes("/etc", twoFiles.subarray(0, end))).rejects.toMatchObject({
    code: "invalid-argument",
    message: expect.stringContaining("Error processing tar file"),
  });
});

test("a gzipped archive is taken as well", async () => {
  const zipped = gzipSync(tarOf([{ name: "zipped", data: "z" }]));
  await putBytes("/etc", zipped);
  expect(await readFile(join(root, "etc/zipped"), "utf8")).toBe("z");
});

test.each([
  ["a name with ..", [{ name: "../../outside", data: "x" }]],
  ["a name through a link of the root", [{ name: "up/outside", data: "x" }]],
  [
    "a name through a link of the archive",
    [
      { name: "a", type: "2", linkName: "../.." },
      { name: "a/outside", data: "x" },
    ],
  ],
  ["a hard link to a name with ..", [{ name: "h", type: "1", linkName: "../../../etc/shadow" }]],
] as const)("%s reaches nothing outside the root", async (_what, entries) => {
  await put("/", entries).catch(() => {});
  expect(await readdir(base)).toEqual(["root"]);
});

test("a file does not replace a folder, nor the other way round, when that is forbidden", async () => {
  const strict = { noOverwriteDirNonDir: true };
  await expect(put("/", [{ name: "etc", data: "x" }], strict)).rejects.toMatchObject({ code: "invalid-argument" });
  await expect(put("/etc", [{ name: "hosts", type: "5" }], strict)).rejects.toMatchObject({ code: "invalid-argument" });
  await put("/", [{ name: "etc", data: "x" }]);
  expect((await lstat(join(root, "etc"))).isFile()).toBe(true);
});

test("what was packed comes out the same: owners, modes, times, links, pipes and names of full length", async () => {
  const long = "n".repeat(255);
  await mkdir(join(root, "etc", long));
  await writeFile(join(root, "etc", long, long), "deep");
  // Too large for the octal digits of a header; an ordinary user has no such number.
  const uid = isMachineRoot ? 3_000_000 : 30_000;
  await chown(join(root, "etc/hosts"), uid, 4242);
  await chmod(join(root, "etc/hosts"), 0o4751);
  await link(join(root, "etc/hosts"), join(root, "etc/same"));
  await symlink("x".repeat(200), join(root, "etc/far"));
  await lutimes(join(root, "etc/far"), 7, 7);
  await run("mkfifo", [join(root, "etc/pipe")]);
  await utimes(join(root, "etc"), 9, 9);
  const bytes = await buffer(await pack("/etc"));
  await mkdir(join(root, "copy"));
  await putBytes("/copy", bytes);

  const copy = join(root, "copy/etc");
  const hosts = await stat(join(copy, "hosts"));
  expect(hosts).toMatchObject({ uid, gid: 4242, mode: 0o104751, nlink: 2 });
  expect(await stat(join(copy, "same"))).toMatchObject({ ino: hosts.ino });
  expect(await readFile(join(copy, long, long), "utf8")).toBe("deep");
  expect(await readlink(join(copy, "far"))).toBe("x".repeat(200));
  expect((await lstat(join(copy, "far"))).mtimeMs).toBe(7000);
  expect((await stat(copy)).mtimeMs).toBe(9000);
  expect(await namesIn("/etc/pipe")).toEqual(["pipe"]);
});

test("a reader that goes away early leaves no handle open", async () => {
  await mkdir(join(root, "big/a/b/c"), { recursive: true });
  await writeFile(join(root, "big/a/b/c/file"), Buffer.alloc(5_000_000));
  await writeFile(join(root, "big/a/b/c/other"), "x");
  const before = await readdir("/proc/self/fd");

  const unread = await pack("/big");
  unread.destroy();
  await once(unread, "close");
  for await (const _chunk of await pack("/big")) break;

  const isSettled = async (): Promise<boolean> => (await readdir("/proc/self/fd")).length <= before.length;
  expect(await waitUntil(isSettled, 30_000)).toBe(true);
});

test("what is no archive is refused", async () => {
  const garbage = Buffer.from("no tar at all ".repeat(100));
  await expect(putBytes("/", garbage)).rejects.toMatchObject({ code: "invalid-argument" });
});

test("a compressed archive that is cut off is refused, whatever compressed it", async () => {
  const tar = tarOf([{ name: "f", data: "x".repeat(100_000) }]);
  const bzip2 = Buffer.concat([Buffer.from("BZh9"), Buffer.alloc(64, 7)]);
  for (const bytes of [gzipSync(tar).subarray(0, 60), bzip2]) {
    await expect(putBytes("/etc", bytes)).rejects.toMatchObject({
      code: expect.stringMatching(/^(invalid-argument|tool-missing)$/),
    });
  }
});

test("a disk that is full is told, whichever of many small files it was full at", async () => {
  await run("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", root]);
  try {
    const entries = Array.from({ length: 100 }, (_, index) => ({ name: `file-${index}`, data: "x".repeat(20_000) }));
    const handlesBefore = (await readdir("/proc/self/fd")).length;

    await expect(put("/", entries)).rejects.toMatchObject({
      code: "disk-full",
      message: expect.stringMatching(/^write file-\d+: /),
    });

    expect((await readdir("/proc/self/fd")).length).toBe(handlesBefore);
  } finally {
    await run("umount", [root]);
  }
});
