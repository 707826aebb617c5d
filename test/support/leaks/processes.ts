import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

export interface ProcessSeen {
  readonly pid: number;
  /** With the start time: a number that is used again is another process. */
  readonly key: string;
}

/** Every process, or those that belong to a state folder: by their command, environment, or own mounts. */
export async function processesOf(stateFolder?: string): Promise<ProcessSeen[]> {
  const ownMounts = await readlink("/proc/self/ns/mnt");
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const seen = await Promise.all(
    pids
      .filter((pid) => pid !== process.pid)
      .map(async (pid): Promise<ProcessSeen[]> => {
        const belongs = stateFolder === undefined || (await mentions(pid, stateFolder, ownMounts));
        const facts = belongs ? await describe(pid) : undefined;
        return facts === undefined ? [] : [{ pid, key: facts }];
      }),
  );
  return seen.flat();
}

async function mentions(pid: number, stateFolder: string, ownMounts: string): Promise<boolean> {
  const [command, environment, namespace] = await Promise.all([
    textOf(pid, "cmdline"),
    textOf(pid, "environ"),
    readlink(`/proc/${pid}/ns/mnt`).catch(() => ownMounts),
  ]);
  // The test process and its relatives have the folder in their environment, but did not get a mount namespace of their own.
  if (namespace === ownMounts) return command.includes(stateFolder);
  return environment.includes(stateFolder) || (await textOf(pid, "mountinfo")).includes(stateFolder);
}

/** Undefined: it is gone, or a zombie. */
async function describe(pid: number): Promise<string | undefined> {
  const [stat, command] = await Promise.all([textOf(pid, "stat"), textOf(pid, "cmdline")]);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (stat === "" || fields[0] === "Z" || fields[0] === "X") return undefined;
  const name = command.replaceAll("\0", " ").trim() || stat.slice(stat.indexOf("("), stat.lastIndexOf(")") + 1);
  return `${pid} (started ${fields[19]}) ${name.slice(0, 120)}`;
}

function textOf(pid: number, file: string): Promise<string> {
  return readFile(join("/proc", String(pid), file), "utf8").catch(() => "");
}
