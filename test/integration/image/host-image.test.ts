import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { buildHostImage, type HostImageOptions } from "../../../src/runtime/image/host-image";
import { type ImageStore, openImageStore } from "../../../src/runtime/image/image-store";
import { type LayerStore, openLayerStore } from "../../../src/runtime/layer/layer-store";

const { signal } = new AbortController();
let folder: string;
let images: ImageStore;
let layers: LayerStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-host-test-"));
  images = await openImageStore(join(folder, "images"));
  layers = await openLayerStore(join(folder, "layers"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function build(options: Partial<HostImageOptions>): Promise<string> {
  const whole = { executables: [], paths: [], tag: "docker.io/host/test:1", config: {}, signal, ...options };
  const image = await buildHostImage(images, layers, whole);
  const [diffId] = image.config.rootfs.diff_ids;
  return diffId === undefined ? "" : layers.pathOf(diffId);
}

/** What a program prints in a container of runc alone. */
async function outputOf(root: string, args: readonly string[], uid = 0): Promise<string> {
  const bundle = await mkdtemp(join(folder, "bundle-"));
  await run("runc", ["spec", "--bundle", bundle]);
  const spec = JSON.parse(await readFile(join(bundle, "config.json"), "utf8"));
  Object.assign(spec.process, { args, terminal: false, user: { uid, gid: uid } });
  Object.assign(spec.root, { path: root, readonly: true });
  await writeFile(join(bundle, "config.json"), JSON.stringify(spec));
  const id = `host-image-${process.pid}-${Date.now()}`;
  const { stdout } = await run("runc", ["--root", join(folder, "runc"), "run", "--bundle", bundle, id]);
  return stdout.trim();
}

test("busybox, redis and node of this machine run under runc, as root and as nobody", async () => {
  const root = await build({ executables: ["busybox", "redis-server", "redis-cli", process.execPath] });
  expect(await outputOf(root, ["busybox", "echo", "hello"])).toBe("hello");
  expect(await outputOf(root, ["redis-server", "--version"], 65534)).toContain("Redis server");
  expect(await outputOf(root, ["redis-cli", "--version"])).toContain("redis-cli");
  expect(await outputOf(root, ["node", "--print", "process.version"], 65534)).toBe(process.version);
});

test("paths come along as they are, with their links and modes", async () => {
  const source = join(folder, "extra");
  await mkdir(source);
  await writeFile(join(source, "key"), "secret", { mode: 0o600 });
  await symlink("key", join(source, "link"));
  const root = await build({ executables: ["busybox"], paths: [source] });
  expect(await outputOf(root, ["busybox", "cat", join(source, "link")])).toBe("secret");
  expect((await stat(join(root, source, "key"))).mode & 0o777).toBe(0o600);
  expect((await stat(join(root, "tmp"))).mode & 0o7777).toBe(0o1777);
});

test("the umask of whoever builds it closes nothing to other users", async () => {
  const open = await build({ executables: ["busybox"] });
  const umask = process.umask(0o077);
  try {
    expect(await build({ executables: ["busybox"] })).toBe(open);
  } finally {
    process.umask(umask);
  }
});

test.each([
  ["a path that is not absolute", { paths: ["etc/passwd"] }, "invalid-argument"],
  ["a path that is not there", { paths: ["/no/such/path"] }, "path-not-found"],
  ["a program that is not there", { executables: ["no-such-program"] }, "tool-missing"],
  ["a config that is none", { config: JSON.parse('{ "Cmd": "sh" }') }, "image-invalid"],
])("%s is refused and leaves nothing", async (_what, options, code) => {
  await expect(build(options)).rejects.toMatchObject({ code });
  expect(await images.list()).toEqual([]);
  await images.collectGarbage();
  expect(await images.blobs.list()).toEqual([]);
});
