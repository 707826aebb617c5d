import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { run } from "../../src/internal/exec";
import { copyProgram } from "./image/host-files";
import { writeOciLayout } from "./image/oci-layout";
import { busyboxPath, fillBase, recipes, type TestImageName } from "./image/recipes";

/** Where made images stay between runs. */
export const imageCacheFolder: string =
  process.env["RUNCIBLE_TEST_CACHE"] || join(homedir(), ".cache", "runcible-test");
/** Goes up with every change of a recipe. */
const recipeVersion = 3;

/**
 * An OCI layout with one image, made of this machine's programs; made once and kept. Its tag in the layout is `image`.
 */
export async function testImage(name: TestImageName): Promise<string> {
  const layout = join(imageCacheFolder, `${name}-${await keyOf(name)}`);
  if (await stat(join(layout, "index.json")).catch(() => undefined)) return layout;
  await mkdir(imageCacheFolder, { recursive: true });
  const work = await mkdtemp(join(imageCacheFolder, "work-"));
  try {
    const root = join(work, "root");
    await mkdir(root);
    await fillBase(root);
    for (const program of await recipes[name].programs()) await copyProgram(root, program);
    await recipes[name].fill(root);
    await writeOciLayout(root, recipes[name].config, join(work, "layout"));
    // Another process may have been first; its image is as good.
    await rename(join(work, "layout"), layout).catch(() => {});
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return layout;
}

/** Pushes a test image as `repository:tag`; returns the reference to pull it by. */
export async function pushTestImage(
  registry: { readonly host: string; readonly skopeoFlags: readonly string[] },
  name: TestImageName,
  target: string = `library/${name}:latest`,
): Promise<string> {
  const reference = `${registry.host}/${target}`;
  const layout = await testImage(name);
  await run("skopeo", [
    ...["--insecure-policy", "copy", "--quiet", ...registry.skopeoFlags],
    ...[`oci:${layout}:image`, `docker://${reference}`],
  ]);
  return reference;
}

/** Writes a test image as `docker save` would, under a name. */
export async function saveTestImage(name: TestImageName, tag: string, archive: string): Promise<void> {
  const layout = await testImage(name);
  const target = `docker-archive:${archive}:${tag}`;
  await run("skopeo", ["--insecure-policy", "copy", "--quiet", `oci:${layout}:image`, target]);
}

/** Changes with the programs the image is made of. */
async function keyOf(name: TestImageName): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([recipeVersion, recipes[name].config]));
  for (const program of [await busyboxPath(), ...(await recipes[name].programs())]) {
    const { size, mtimeMs } = await stat(program);
    hash.update(`${program} ${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex").slice(0, 12);
}
