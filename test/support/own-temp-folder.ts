import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { useTestEngine } from "./engine";
import { processesOf } from "./leaks/processes";
import { waitUntil } from "./wait-until";

/**
 * Vitest's global setup: a suite has a temporary folder of its own, with an engine for the tests that start none
 * themselves, and it fails if a process, a mount or a file in that folder outlives it.
 */
export async function setup(): Promise<() => Promise<void>> {
  const before = process.env["TMPDIR"];
  const folder = await mkdtemp(join(tmpdir(), "rct-"));
  process.env["TMPDIR"] = folder;
  const engine = await useTestEngine();
  return async () => {
    await engine[Symbol.asyncDispose]();
    let left: string[] = [];
    await waitUntil(async () => {
      left = await remainder(folder);
      return left.length === 0;
    }, 20_000);
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    if (left.length > 0) throw new TypeError(`the suite left behind:\n${left.join("\n")}`);
    await rm(folder, { recursive: true });
  };
}

async function remainder(folder: string): Promise<string[]> {
  const [processes, mounts, files] = await Promise.all([
    processesOf(folder),
    readFile("/proc/self/mountinfo", "utf8"),
    readdir(folder),
  ]);
  return [
    ...processes.map(({ key }) => `process ${key}`),
    ...mounts.split("\n").filter((line) => line.includes(folder)),
    ...files.map((name) => join(folder, name)),
  ];
}
