import { randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../src/internal/exec";
import { digestOf } from "../../../src/runtime/image/digest";
import { busyboxPath } from "../image/recipes";

export interface TestLayer {
  /** Name of its one file. */
  readonly name: string;
  readonly content: Buffer;
  readonly mode?: number;
}

/** A layer that no tool would write. */
export interface RawLayer {
  readonly tar: Buffer;
}

/** A layer of noise, so that its size does not shrink with compression. */
export function noiseLayer(name: string, sizeBytes: number): TestLayer {
  return { name, content: randomBytes(sizeBytes) };
}

/** A layer that makes an image runnable: this machine's busybox, which is linked statically, as `/busybox`. */
export async function busyboxLayer(): Promise<TestLayer> {
  return { name: "busybox", content: await readFile(await busyboxPath()), mode: 0o755 };
}

export interface PushTarget {
  readonly host: string;
  readonly skopeoFlags: readonly string[];
}

/** Pushes an image with skopeo; `flags` choose its format and compression. */
export async function pushLayers(
  registry: PushTarget,
  target: string,
  layers: readonly (TestLayer | RawLayer)[],
  flags: readonly string[] = [],
  platform: object = { os: "linux", architecture: "amd64" },
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-layered-"));
  try {
    await writeLayout(folder, layers, platform);
    await run("skopeo", [
      ...["--insecure-policy", "copy", "--quiet", ...registry.skopeoFlags, ...flags],
      ...[`oci:${join(folder, "layout")}:image`, `docker://${registry.host}/${target}`],
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes an image as an archive to load. */
export async function saveLayers(archive: string, layers: readonly (TestLayer | RawLayer)[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-layered-"));
  try {
    await writeLayout(folder, layers, { os: "linux", architecture: "amd64" });
    await run("tar", ["--create", "--file", archive, "--directory", join(folder, "layout"), "."]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeLayout(folder: string, layers: readonly (TestLayer | RawLayer)[], platform: object): Promise<void> {
  const blobs = join(folder, "layout", "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const add = async (
    bytes: Buffer,
    mediaType: string,
  ): Promise<{ mediaType: string; digest: string; size: number }> => {
    const digest = digestOf(bytes);
    await writeFile(join(blobs, digest.slice("sha256:".length)), bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const kind = "application/vnd.oci.image";
  const tars = await Promise.all(layers.map(async (layer) => add(await tarOf(folder, layer), `${kind}.layer.v1.tar`)));
  const rootfs = { type: "layers", diff_ids: tars.map(({ digest }) => digest) };
  const config = await add(Buffer.from(JSON.stringify({ ...platform, config: {}, rootfs })), `${kind}.config.v1+json`);
  const manifestType = `${kind}.manifest.v1+json`;
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers: tars }));
  const annotations = { "org.opencontainers.image.ref.name": "image" };
  const entry = { ...(await add(manifest, manifestType)), annotations };
  await writeFile(join(folder, "layout", "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  await writeFile(join(folder, "layout", "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
}

async function tarOf(folder: string, layer: TestLayer | RawLayer): Promise<Buffer> {
  if ("tar" in layer) return layer.tar;
  const { name, content, mode = 0o644 } = layer;
  const root = join(folder, `layer-${name}`);
  await mkdir(root);
  await writeFile(join(root, name), content);
  await chmod(join(root, name), mode);
  const tar = join(folder, `${name}.tar`);
  await run("tar", ["--create", "--mtime=@0", "--owner=0", "--group=0", "--file", tar, "--directory", root, name]);
  return await readFile(tar);
}
