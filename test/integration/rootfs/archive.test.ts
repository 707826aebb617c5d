import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runUnchecked } from "../../../src/internal/exec";
import { packPath } from "../../../src/runtime/rootfs/pack-path";
import { statPath } from "../../../src/runtime/rootfs/path-stat";
import { unpackInto } from "../../../src/runtime/rootfs/unpack-into";
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
const put = (path: string, entries: readonly Entry[], more = {}): Promise<void> =>
  unpackInto(root, path, Readable.from([tarOf(entries)]), { ...options, ...more });

async function namesIn(path: string): Promise<readonly string[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of await packPath(root, path)) chunks.push(chunk);
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
  expect(await statPath(root, "/link")).toMatchObject({ kind: "symlink", linkTarget: "/etc", name: "link" });
  expect(await statPath(root, "/link/hosts")).toMatchObject({ kind: "file", size: 5, name: "hosts" });
});

test("a path that is not there is told so before anything is streamed", async () => {
  await expect(packPath(root, "/nowhere")).rejects.toMatchObject({ code: "path-not-found" });
  await expect(statPath(root, "/nowhere")).rejects.toMatchObject({ code: "path-not-found" });
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

test("a gzipped archive is taken as well", async () => {
  const zipped = gzipSync(tarOf([{ name: "zipped", data: "z" }]));
  await unpackInto(root, "/etc", Readable.from([zipped]), options);
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

test("what is no archive is refused", async () => {
  const garbage = Readable.from([Buffer.from("no tar at all ".repeat(100))]);
  await expect(unpackInto(root, "/", garbage, options)).rejects.toMatchObject({ code: "invalid-argument" });
});

test("a compressed archive that is cut off is refused, whatever compressed it", async () => {
  const tar = tarOf([{ name: "f", data: "x".repeat(100_000) }]);
  const bzip2 = Buffer.concat([Buffer.from("BZh9"), Buffer.alloc(64, 7)]);
  for (const bytes of [gzipSync(tar).subarray(0, 60), bzip2]) {
    const writing = unpackInto(root, "/etc", Readable.from([bytes]), options);
    await expect(writing).rejects.toMatchObject({ code: expect.stringMatching(/^(invalid-argument|tool-missing)$/) });
  }
});
