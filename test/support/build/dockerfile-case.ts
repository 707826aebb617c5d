import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "../../../src/internal/exec";

/** A small Dockerfile and what must come of it. The base image `bb` is busybox. */
export interface DockerfileCase {
  readonly name: string;
  readonly dockerfile: string;
  /**
   * Of the context: content, or `-> target` for a link, `755 content` for one with a mode, `tar: name …` for an
   * archive.
   */
  readonly files?: Readonly<Record<string, string>>;
  /** Of the docker command line. */
  readonly args?: readonly string[];
  /** What the image has and the base has not: see `treeOf`. */
  readonly tree: readonly string[];
  /** Keys of the image's Config. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Of the history, the newest steps first; only as many as are given. */
  readonly history?: readonly string[];
  /** Where buildah does otherwise, with the reason. */
  readonly buildahDiffers?: string;
  /** Where Docker does otherwise, with the reason. */
  readonly dockerDiffers?: string;
  /** Where only one of Docker's builders does. */
  readonly classicDiffers?: string;
  readonly buildKitDiffers?: string;
}

/** A name for the image of a context, as builds of one daemon may run at once. */
export function imageNameOf(context: string): string {
  return `case-${context.slice(-6).toLowerCase()}`;
}

/** Writes the context of a case into a new folder and hands it to `use`. */
export async function withContext<T>(
  { dockerfile, files = {} }: Pick<DockerfileCase, "dockerfile" | "files">,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-context-"));
  try {
    await writeFile(join(folder, "Dockerfile"), dockerfile);
    for (const [name, content] of Object.entries(files)) await writeEntry(join(folder, name), content);
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function writeEntry(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (path.endsWith("/")) {
    await mkdir(path, { recursive: true });
    return;
  }
  if (content.startsWith("-> ")) {
    await symlink(content.slice(3), path);
    return;
  }
  if (content.startsWith("tar: ")) {
    await writeArchive(path, content.slice(5).split(" "));
    return;
  }
  const [, mode = "644", text = content] = /^([0-7]{3,4}) (.*)$/s.exec(content) ?? [];
  await writeFile(path, text);
  await chmod(path, Number.parseInt(mode, 8));
}

/** Of small files, each with its name as its content. */
async function writeArchive(path: string, names: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-archive-"));
  try {
    for (const name of names) await writeEntry(join(folder, name), name);
    await run("tar", ["-cf", path, "-C", folder, "--owner=0", "--group=0", "--mode=u=rwX,go=rX", ...names]);
  } finally {
    await rm(folder, { recursive: true });
  }
}
