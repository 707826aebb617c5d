import { createHash } from "node:crypto";
import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

/** What is in the folders of layers, as a digest of names, modes and contents, by diff id. */
export type LayerContents = ReadonlyMap<string, string>;

/** Of a store that was filled in peace: what the layers must look like ever after. */
export async function layerContents(stateFolder: string): Promise<LayerContents> {
  const names = (await readdir(join(stateFolder, "layers"))).filter((name) => /^[0-9a-f]{64}$/.test(name));
  const pairs = names.map(async (name) => [name, await treeDigest(join(stateFolder, "layers", name, "diff"))] as const);
  return new Map(await Promise.all(pairs));
}

/**
 * Everything that is wrong with the store of an engine that has just started and has nothing to do: blobs that are not
 * what their name says, images that lack something, layers that are not whole, and whatever is half done.
 */
export async function faultsOfStore(stateFolder: string, layers: LayerContents): Promise<readonly string[]> {
  return (
    await Promise.all([
      brokenBlobs(join(stateFolder, "images/blobs/sha256")),
      incompleteImages(join(stateFolder, "images")),
      brokenLayers(join(stateFolder, "layers"), layers),
      entriesOf(stateFolder, ["images/blobs/partial", "images/scratch", "containers", "volumes", "builds"]),
    ])
  ).flat();
}

async function brokenBlobs(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  const checked = names.map(async (name) => {
    const digest = createHash("sha256")
      .update(await readFile(join(folder, name)))
      .digest("hex");
    return digest === name ? [] : [`blob ${name} has the digest ${digest}`];
  });
  return (await Promise.all(checked)).flat();
}

interface IndexFile {
  readonly images: readonly { readonly manifest: { readonly digest: string } }[];
}

interface ManifestFile {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}

async function incompleteImages(folder: string): Promise<readonly string[]> {
  const text = await readFile(join(folder, "index.json"), "utf8").catch(() => '{"images":[]}');
  const blobs = new Set(await readdir(join(folder, "blobs/sha256")));
  const hex = (digest: string): string => digest.slice("sha256:".length);
  const lacks: string[] = [];
  for (const { manifest } of (JSON.parse(text) as IndexFile).images) {
    const path = join(folder, "blobs/sha256", hex(manifest.digest));
    const { config, layers } = JSON.parse(await readFile(path, "utf8")) as ManifestFile;
    for (const { digest } of [config, ...layers]) {
      if (!blobs.has(hex(digest))) lacks.push(`image ${manifest.digest} lacks ${digest}`);
    }
  }
  return lacks;
}

async function brokenLayers(folder: string, layers: LayerContents): Promise<readonly string[]> {
  const checked = (await readdir(folder)).map(async (name) => {
    if (name === "l") return [];
    if (!/^[0-9a-f]{64}$/.test(name)) return [`layers/${name}`];
    const names = await readdir(join(folder, name));
    if (!names.includes("layer.json")) return [`layer ${name} has no record`];
    const known = layers.get(name);
    if (known === undefined) return [];
    const found = await treeDigest(join(folder, name, "diff"));
    return found === known ? [] : [`layer ${name} is not what was unpacked first`];
  });
  return (await Promise.all(checked)).flat();
}

async function entriesOf(stateFolder: string, folders: readonly string[]): Promise<readonly string[]> {
  const lists = folders.map(async (folder) =>
    (await readdir(join(stateFolder, folder)).catch(() => [])).map((name) => join(folder, name)),
  );
  return (await Promise.all(lists)).flat();
}

async function treeDigest(folder: string): Promise<string> {
  const hash = createHash("sha256");
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => ({ entry, path: join(entry.parentPath, entry.name) }));
  for (const { entry, path } of paths.sort((left, right) => (left.path < right.path ? -1 : 1))) {
    hash.update(`${path.slice(folder.length)}\n`);
    if (entry.isFile()) hash.update(await readFile(path));
    if (entry.isSymbolicLink()) hash.update(await readlink(path));
  }
  return hash.digest("hex");
}
