import { chmod, lstat, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { RuncibleError } from "../../internal/errors";
import { run } from "../../internal/exec";
import type { Digest } from "./digest";
import { addFileLayer } from "./file-layer";
import { collectHostFiles, type HostFile, mergedFolders } from "./host-files";
import type { ImageStore } from "./image-store";
import type { LayerSink } from "./layer-sink";
import type { Image, ImageConfig, ImageRunConfig } from "./manifest";
import { addNewImage } from "./new-image";
import { parseImageConfig } from "./parse";
import { hostPlatform } from "./platform";

export interface HostImageOptions {
  /** Names on the usual PATH, or absolute paths. */
  readonly executables: readonly string[];
  /** Absolute: files and folders that come along as they are. */
  readonly paths: readonly string[];
  /** Canonical. */
  readonly tag: string;
  readonly config: ImageRunConfig;
  readonly signal: AbortSignal;
}

/**
 * An image of one layer made from this machine: programs, the libraries that ldd names, and the files a Linux program
 * expects. The same machine gives the same bytes. Throws `tool-missing` for a program and `path-not-found` for a path
 * that is not there, `invalid-argument` for a path that is not absolute.
 */
export async function buildHostImage(store: ImageStore, layers: LayerSink, options: HostImageOptions): Promise<Image> {
  const { executables, paths, tag, signal } = options;
  const scratch = await store.scratch();
  const lease = store.lease();
  try {
    const root = join(scratch.path, "root");
    await makeSkeleton(root);
    await copyFiles(root, await collectHostFiles(executables), signal);
    for (const path of paths) await copyTree(root, path, signal);
    const archive = join(scratch.path, "layer.tar");
    await pack(root, archive, signal);
    const layer = await addFileLayer({ path: archive }, { store, layers, lease, signal });
    // A plain archive: its digest is its diff id.
    const config = configOf(options, layer.digest);
    return await addNewImage(store, lease, { config, layers: [layer], tags: [tag] });
  } finally {
    lease.release();
    await scratch.remove();
  }
}

const epoch = "1970-01-01T00:00:00Z";
const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Throws `image-invalid` when the caller's part is malformed. */
function configOf({ config, executables }: HostImageOptions, diffId: Digest): Buffer {
  const whole: ImageConfig = {
    created: epoch,
    ...hostPlatform(),
    config: { Env: [defaultPath], ...config },
    rootfs: { type: "layers", diff_ids: [diffId] },
    history: [{ created: epoch, created_by: `host image: ${executables.join(" ")}` }],
  };
  const bytes = Buffer.from(JSON.stringify(whole));
  parseImageConfig(bytes);
  return bytes;
}

const accounts = {
  "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
  "etc/group": "root:x:0:\nnogroup:x:65534:\n",
  "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
} as const;

async function makeSkeleton(root: string): Promise<void> {
  const folders = ["dev", "etc", "proc", "root", "run", "sys", "tmp", "usr/bin", "usr/sbin", "usr/lib", "var/tmp"];
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  for (const [name, text] of Object.entries(accounts)) await writeFile(join(root, name), text);
  // As this machine has them, so that every path that ldd names leads to the same file.
  for (const [name, target] of await mergedFolders()) {
    await mkdir(join(root, target), { recursive: true });
    await symlink(target, join(root, name));
  }
  // Whatever umask the engine was started with.
  await run("chmod", ["--recursive", "u=rwX,go=rX", root]);
  for (const folder of ["tmp", "var/tmp"]) await chmod(join(root, folder), 0o1777);
}

async function copyFiles(root: string, files: readonly HostFile[], signal: AbortSignal): Promise<void> {
  for (const { source, target } of files) {
    await makeParents(root, target);
    const args = ["--dereference", "--reflink=auto", "--preserve=mode", source, join(root, target)];
    await run("cp", args, { signal });
  }
}

async function copyTree(root: string, path: string, signal: AbortSignal): Promise<void> {
  if (!posix.isAbsolute(path)) {
    throw new RuncibleError("invalid-argument", `build host image: "${path}" is not absolute; write the whole path`);
  }
  const source = posix.normalize(path);
  if ((await lstat(source).catch(() => undefined)) === undefined) {
    throw new RuncibleError("path-not-found", `build host image: this machine has no ${source}`);
  }
  await makeParents(root, source);
  await run("cp", ["--archive", "--reflink=auto", "--no-target-directory", source, join(root, source)], {
    signal,
    timeoutMs: copyTimeoutMs,
  });
}

/** Folders above a file, open to everybody whatever the umask. */
async function makeParents(root: string, target: string): Promise<void> {
  const first = await mkdir(dirname(join(root, target)), { recursive: true });
  if (first !== undefined) await run("chmod", ["--recursive", "u=rwX,go=rX", first]);
}

const copyTimeoutMs = 600_000;

async function pack(root: string, archive: string, signal: AbortSignal): Promise<void> {
  const args = ["--create", `--file=${archive}`, `--directory=${root}`, "--sort=name", "--mtime=@0"];
  await run("tar", [...args, "--numeric-owner", "--format=gnu", "."], { signal, timeoutMs: copyTimeoutMs });
}
