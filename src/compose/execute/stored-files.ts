import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { messageOf, RuncibleError } from "../../internal/errors";
import type { FileResource, Project } from "../model/project";
import type { FileDigests } from "../plan/create-container";
import type { StoredFile } from "../plan/operation";

/**
 * What is in the secrets and configs of a project, by `secrets/name` and `configs/name`. It never gets into a plan or
 * an event.
 */
export type StoredContents = ReadonlyMap<string, Buffer>;

/** Reads those that the services use. Throws `compose-file-missing`, `compose-variable-missing`. */
export async function readStoredFiles(
  project: Project,
  services: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<StoredContents> {
  const contents = new Map<string, Buffer>();
  for (const section of ["secrets", "configs"] as const) {
    const used = new Set(
      services.flatMap((name) => project.services[name]?.[section] ?? []).map(({ source }) => source),
    );
    for (const [name, resource] of Object.entries(project[section])) {
      if (used.has(name)) contents.set(`${section}/${name}`, await contentOf(`${section}.${name}`, resource, env));
    }
  }
  return contents;
}

export function digestsOf(contents: StoredContents): FileDigests {
  return new Map([...contents].map(([key, content]) => [key, createHash("sha256").update(content).digest("hex")]));
}

/** One archive, to be unpacked at the root of a container. */
export function packStoredFiles(files: readonly StoredFile[], contents: StoredContents): Readable {
  const { pack } = require("tar-stream") as typeof import("tar-stream");
  const archive = pack();
  for (const { section, source, target, uid, gid, mode } of files) {
    const content = contents.get(`${section}/${source}`) ?? Buffer.alloc(0);
    archive.entry({ name: target.replace(/^\/+/, ""), mode, uid, gid, mtime: new Date() }, content);
  }
  archive.finalize();
  // A stream of its own make, that Node's own can be made of.
  return Readable.from(archive);
}

async function contentOf(
  key: string,
  { file, environment, content }: FileResource,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Buffer> {
  if (content !== undefined) return Buffer.from(content);
  if (environment !== undefined) {
    const value = env[environment];
    if (value !== undefined) return Buffer.from(value);
    throw new RuncibleError("compose-variable-missing", `read ${key}: the variable ${environment} is not set`);
  }
  try {
    return await readFile(file ?? "");
  } catch (cause) {
    throw new RuncibleError("compose-file-missing", `read ${key}: ${messageOf(cause)}`, { cause });
  }
}
