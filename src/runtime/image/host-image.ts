import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "../../internal/exec";
import { type Descriptor, mediaTypes } from "./descriptor";
import { addFileLayer } from "./file-layer";
import { collectHostFiles, type HostFile, mergedFolders } from "./host-files";
import type { ImageStore } from "./image-store";
import type { LayerSink } from "./layer-sink";
import type { Image, ImageConfig, ImageManifest, ImageRunConfig } from "./manifest";
import { hostPlatform } from "./platform";

export interface HostImageOptions {
  /** Names on the usual PATH, or absolute paths. */
  readonly executables: readonly string[];
  /** Files and folders that come along as they are. */
  readonly paths: readonly string[];
  /** Canonical. */
  readonly tag: string;
  readonly config: ImageRunConfig;
  readonly signal: AbortSignal;
}

/**
 * An image of one layer made from this machine: programs, the libraries that ldd names, and the files a Linux program
 * expects. The same machine gives the same bytes. Throws `tool-missing` for a program that is not there.
 */
export async function buildHostImage(store: ImageStore, layers: LayerSink, options: HostImageOptions): Promise<Image> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-host-image-"));
  const lease = store.lease();
  try {
    const root = join(folder, "root");
    await makeSkeleton(root);
    await copyFiles(root, await collectHostFiles(options.executables));
    for (const path of options.paths) await copyTree(root, path);
    const archive = join(folder, "layer.tar");
    await pack(root, archive);
    const layer = await addFileLayer(archive, { store, layers, lease, signal: options.signal });
    const config: ImageConfig = {
      created: "1970-01-01T00:00:00Z",
      ...hostPlatform(),
      config: { Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], ...options.config },
      rootfs: { type: "layers", diff_ids: [layer.diffId] },
      history: [{ created: "1970-01-01T00:00:00Z", created_by: `host image: ${options.executables.join(" ")}` }],
    };
    return await addImage(store, config, layer.descriptor, options.tag);
  } finally {
    lease.release();
    await rm(folder, { recursive: true, force: true });
  }
}

async function addImage(store: ImageStore, config: ImageConfig, layer: Descriptor, tag: string): Promise<Image> {
  const configBytes = Buffer.from(JSON.stringify(config));
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: {
      mediaType: mediaTypes.ociConfig,
      digest: await store.blobs.put(configBytes),
      size: configBytes.length,
    },
    layers: [layer],
  };
  const manifestBytes = Buffer.from(JSON.stringify(manifest));
  const digest = await store.blobs.put(manifestBytes);
  return await store.add({
    manifest: { mediaType: mediaTypes.ociManifest, digest, size: manifestBytes.length },
    tags: [tag],
    repoDigests: [],
  });
}

const accounts = {
  "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
  "etc/group": "root:x:0:\nnogroup:x:65534:\n",
  "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
} as const;

async function makeSkeleton(root: string): Promise<void> {
  const folders = ["dev", "etc", "proc", "root", "run", "sys", "tmp", "usr/bin", "usr/sbin", "usr/lib", "var/tmp"];
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true, mode: 0o755 });
  for (const folder of ["tmp", "var/tmp"]) await chmod(join(root, folder), 0o1777);
  for (const [path, text] of Object.entries(accounts)) await writeFile(join(root, path), text, { mode: 0o644 });
  // As this machine has them, so that every path that ldd names leads to the same file.
  for (const [name, target] of await mergedFolders()) {
    await mkdir(join(root, target), { recursive: true });
    await symlink(target, join(root, name));
  }
}

async function copyFiles(root: string, files: readonly HostFile[]): Promise<void> {
  for (const { source, target } of files) {
    const path = join(root, target);
    await mkdir(dirname(path), { recursive: true });
    await run("cp", ["--dereference", "--reflink=auto", "--preserve=mode", source, path]);
  }
}

async function copyTree(root: string, path: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await run("cp", ["--archive", "--no-target-directory", path, join(root, path)], { timeoutMs: 600_000 });
}

async function pack(root: string, archive: string): Promise<void> {
  const args = ["--create", `--file=${archive}`, `--directory=${root}`, "--sort=name", "--mtime=@0"];
  await run("tar", [...args, "--numeric-owner", "--format=gnu", "."], { timeoutMs: 600_000 });
}
