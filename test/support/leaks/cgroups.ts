import { readdir } from "node:fs/promises";
import { join } from "node:path";

const root = "/sys/fs/cgroup";

/** All folders of all hierarchies, or those of one engine. */
export async function readCgroups(engineId: string | undefined): Promise<readonly string[]> {
  if (engineId === undefined) return await foldersBelow(root);
  const name = `runcible-${engineId}`;
  const tops = (await entriesOf(root)).flatMap((path) => [path, join(path, name)]);
  const own = [...tops, join(root, name)].filter((path) => path.endsWith(name));
  return (
    await Promise.all(own.map(async (path) => ((await exists(path)) ? [path, ...(await foldersBelow(path))] : [])))
  )
    .flat()
    .filter((path, index, all) => all.indexOf(path) === index);
}

async function foldersBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}

async function entriesOf(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).map((name) => join(folder, name));
}

async function exists(path: string): Promise<boolean> {
  return await readdir(path).then(
    () => true,
    () => false,
  );
}
