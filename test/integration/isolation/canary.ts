import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of the host with a secret in it, which no container may read or change. */
export interface Canary extends AsyncDisposable {
  readonly folder: string;
  readonly secret: string;
  /** All that is in the folder, as it must stay: names and contents. */
  contents(): Promise<readonly string[]>;
}

export async function openCanary(): Promise<Canary> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-canary-"));
  const secret = `secret-of-the-host-${process.pid}`;
  await mkdir(join(folder, "sub"));
  for (const name of ["file", "hosts", "resolv.conf", "passwd", "sub/file"])
    await writeFile(join(folder, name), secret);
  const contents = async (): Promise<readonly string[]> => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const texts = entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      return entry.isFile() ? `${path} ${await readFile(path, "utf8")}` : path;
    });
    return (await Promise.all(texts)).sort();
  };
  return { folder, secret, contents, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
