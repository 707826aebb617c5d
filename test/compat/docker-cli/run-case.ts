import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runUnchecked } from "../../../src/internal/exec";
import type { CommandCase } from "./command-case";
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

/** Everything but the image goes. Names of what every daemon has are left alone by prune. */
const empty = `for try in 1 2 3 4 5; do
  ids=$(docker ps -aq)
  [ -n "$ids" ] || break
  # What removes itself may be at it.
  docker rm -f $ids || sleep 0.3
done
docker network prune -f
volumes=$(docker volume ls -q); [ -z "$volumes" ] || docker volume rm -f $volumes
images=$(docker images --format '{{.Repository}}:{{.Tag}} {{.ID}}' | grep -v '^bb:latest ' | cut -d' ' -f2 | grep -v -F "$(docker images -q bb)")
[ -z "$images" ] || docker rmi -f $images
names=$(docker images --format '{{.Repository}}:{{.Tag}}' | grep -v -e '^bb:latest$' -e '<none>')
[ -z "$names" ] || docker rmi -f $names
docker image inspect bb >/dev/null 2>&1 || docker load -i "$ARCHIVE"
`;

/** Runs the lines of a case one after the other on an empty daemon. */
export async function runCase({ lines, files }: CommandCase, target: CommandTarget): Promise<readonly Said[]> {
  const env = {
    PATH: target.path ?? process.env["PATH"],
    HOME: target.folder,
    DOCKER_HOST: target.host,
    DOCKER_CONFIG: join(target.folder, ".docker"),
    DOCKER_BUILDKIT: "0",
    ARCHIVE: target.archive,
    LC_ALL: "C.UTF-8",
  };
  await rm(target.folder, { recursive: true, force: true });
  await mkdir(env.DOCKER_CONFIG, { recursive: true });
  const config = target.plugins === undefined ? {} : { cliPluginsExtraDirs: [target.plugins] };
  await writeFile(join(env.DOCKER_CONFIG, "config.json"), JSON.stringify(config));
  const written = { "file.txt": "from the host\n", ...files };
  for (const [name, text] of Object.entries(written)) await writeFile(join(target.folder, name), text);
  await runUnchecked("sh", ["-c", empty], { env, cwd: target.folder, timeoutMs: 120_000 });
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
