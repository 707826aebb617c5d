import { mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../src/internal/exec";
import { imageCacheFolder } from "./images";

/**
 * Path of a Node of this version. npm's package `node` fetches such a package by a script; installed directly, none
 * needs to be run.
 */
export function nodeOfNpm(version: string): Promise<string> {
  return programOfNpm(`node-linux-${process.arch}`, version, "bin/node");
}

/** Path of a Deno of this version. */
export function denoOfNpm(version: string): Promise<string> {
  return programOfNpm(`@deno/linux-${process.arch}-glibc`, version, "deno");
}

/** One file of a package, which is kept between runs. */
async function programOfNpm(name: string, version: string, file: string): Promise<string> {
  const program = join(imageCacheFolder, `${name.replace("/", "-")}-${version}`);
  if (await stat(program).catch(() => undefined)) return program;
  await mkdir(imageCacheFolder, { recursive: true });
  const work = await mkdtemp(join(imageCacheFolder, "work-"));
  try {
    const install = ["install", "--prefix", work, "--ignore-scripts", "--no-save", "--no-audit", "--no-fund"];
    await run("npm", [...install, `${name}@${version}`], { cwd: work, timeoutMs: 300_000 });
    // Another process may have been first; its file is as good.
    await rename(join(work, "node_modules", name, file), program);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return program;
}
