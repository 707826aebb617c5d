import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Compose files in a folder of their own. */
export interface ComposeFiles extends AsyncDisposable {
  readonly folder: string;
  write(files: Readonly<Record<string, string>>): Promise<void>;
}

/** The folder is `parent/name`, so that the name of a project is known. */
export async function composeFiles(files: Readonly<Record<string, string>>, name = "app"): Promise<ComposeFiles> {
  const parent = await mkdtemp(join(tmpdir(), "runcible-compose-"));
  const folder = join(parent, name);
  await mkdir(folder);
  const write: ComposeFiles["write"] = async (contents) => {
    for (const [path, text] of Object.entries(contents)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
  };
  await write(files);
  return { folder, write, [Symbol.asyncDispose]: () => rm(parent, { recursive: true, force: true }) };
}
