import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run, runUnchecked } from "../../../src/internal/exec";
import type { CommandCase } from "./command-case";
import { emptyDaemon } from "./empty-daemon";
import { normalise } from "./normalise";

/** What one line printed, and its exit code. */
export interface Said {
  readonly line: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | null;
}

/** A daemon that command lines can be run on. */
export interface CommandTarget {
  readonly host: string;
  /** Emptied before each case; the lines run in it. */
  readonly folder: string;
  /** Of the image `bb`. */
  readonly archive: string;
  /** Where the client is looked for. Default: where this process looks for programs. */
  readonly path?: string;
  /** Folder of the client's plugins. Default: none. */
  readonly plugins?: string;
}

/** Runs the lines of a case one after the other on an empty daemon. */
export async function runCase({ lines, files }: CommandCase, target: CommandTarget): Promise<readonly Said[]> {
  const env = {
    PATH: target.path ?? process.env["PATH"],
    HOME: target.folder,
    DOCKER_HOST: target.host,
    DOCKER_CONFIG: join(target.folder, ".docker"),
    DOCKER_BUILDKIT: "0",
    LC_ALL: "C.UTF-8",
  };
  await rm(target.folder, { recursive: true, force: true });
  await mkdir(env.DOCKER_CONFIG, { recursive: true });
  const config = target.plugins === undefined ? {} : { cliPluginsExtraDirs: [target.plugins] };
  await writeFile(join(env.DOCKER_CONFIG, "config.json"), JSON.stringify(config));
  const written = { "file.txt": "from the host\n", ...files };
  for (const [name, text] of Object.entries(written)) await writeFile(join(target.folder, name), text);
  if (!(await emptyDaemon(target.host))) {
    await run("docker", ["load", "-i", target.archive], { env, timeoutMs: 120_000 });
  }
  const clean = (text: string): string => normalise(text.replaceAll(target.folder, "<folder>"));
  const all: Said[] = [];
  for (const line of lines) {
    const { stdout, stderr, exitCode } = await runUnchecked("sh", ["-c", line], {
      env,
      cwd: target.folder,
      timeoutMs: 120_000,
    });
    all.push({ line, stdout: clean(stdout), stderr: clean(stderr), exitCode });
  }
  return all;
}
