import { createReadStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGunzip } from "node:zlib";
import { run } from "../../../src/internal/exec";
import { type DockerCommand, must } from "../docker-command";
import { treeOf } from "./tree";

/** What an archive of `docker save` says of an image. */
export interface SavedImage {
  /** Entries of each layer, lowest first: see `treeOf`. */
  readonly layers: readonly (readonly string[])[];
  readonly config: Readonly<Record<string, unknown>>;
  readonly history: readonly { readonly created_by?: string; readonly empty_layer?: boolean }[];
}

export async function savedImage(docker: DockerCommand, name: string): Promise<SavedImage> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-saved-"));
  try {
    await must(docker, "save", "-o", join(folder, "image.tar"), name);
    return await imageOfArchive(join(folder, "image.tar"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** As `savedImage`, of an archive that is there. */
export async function imageOfArchive(archive: string): Promise<SavedImage> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-saved-"));
  try {
    await run("tar", ["-xf", archive, "-C", folder]);
    const [manifest] = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8"));
    const { config, history } = JSON.parse(await readFile(join(folder, manifest.Config), "utf8"));
    const layers: (readonly string[])[] = [];
    for (const layer of manifest.Layers) layers.push(await layerOf(join(folder, layer)));
    return { layers, config, history };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function layerOf(path: string): Promise<readonly string[]> {
  const [first, second] = await readFile(path);
  const isPacked = first === 0x1f && second === 0x8b;
  return await treeOf(isPacked ? createReadStream(path).pipe(createGunzip()) : createReadStream(path));
}
