import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rename, stat, writeFile } from "node:fs/promises";
import { arch } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { run } from "../../../src/internal/exec";

export interface ImageRunConfig {
  readonly User?: string;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly WorkingDir?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly StopSignal?: string;
  readonly Labels?: Readonly<Record<string, string>>;
}

/** Writes an OCI layout with one image of one layer, which is `root`, owners as they are. */
export async function writeOciLayout(root: string, config: ImageRunConfig, layout: string): Promise<void> {
  const blobs = join(layout, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const layerFile = join(layout, "layer.tar");
  await run("tar", ["--create", "--sort=name", "--numeric-owner", "--file", layerFile, "--directory", root, "."]);
  const diffId = await digestOf(layerFile);
  await run("gzip", ["-1", "--no-name", layerFile]);
  const layer = await addFile(`${layerFile}.gz`, "application/vnd.oci.image.layer.v1.tar+gzip", blobs);
  const platform = { os: "linux", architecture: arch() === "x64" ? "amd64" : arch() };
  const imageConfig = {
    ...platform,
    config,
    rootfs: { type: "layers", diff_ids: [diffId] },
    // Podman builds on no image whose history lacks layers.
    history: [{ created: "1970-01-01T00:00:00Z", created_by: "programs of this machine" }],
  };
  const configBlob = await addJson(imageConfig, "application/vnd.oci.image.config.v1+json", blobs);
  const manifestType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = { schemaVersion: 2, mediaType: manifestType, config: configBlob, layers: [layer] };
  const manifestBlob = await addJson(manifest, manifestType, blobs);
  const annotations = { "org.opencontainers.image.ref.name": "image" };
  await writeFile(
    join(layout, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifestBlob, annotations }] }),
  );
  await writeFile(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
}

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

async function addFile(file: string, mediaType: string, blobs: string): Promise<Blob> {
  const digest = await digestOf(file);
  const { size } = await stat(file);
  await rename(file, join(blobs, digest.slice("sha256:".length)));
  return { mediaType, digest, size };
}

async function addJson(content: object, mediaType: string, blobs: string): Promise<Blob> {
  const text = JSON.stringify(content);
  const hex = createHash("sha256").update(text).digest("hex");
  await writeFile(join(blobs, hex), text);
  return { mediaType, digest: `sha256:${hex}`, size: Buffer.byteLength(text) };
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return `sha256:${hash.digest("hex")}`;
}
