import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

export interface ProcessSeen {
  readonly pid: number;
  /** With the start time: a number that is used again is another process. */
  readonly key: string;
}

/** Every process, or those that belong to a state folder: by their command, environment, or own mounts. */
export async function processesOf(stateFolder?: string): Promise<ProcessSeen[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const others = pids.filter((pid) => pid !== process.pid);
  const belonging = stateFolder === undefined ? others : await thoseOf(stateFolder, others);
  const seen = await Promise.all(
    belonging.map(async (pid): Promise<ProcessSeen[]> => {
      const facts = await describe(pid);
      return facts === undefined ? [] : [{ pid, key: facts }];
    }),
  );
  return seen.flat();
}

interface Looked {
  readonly pid: number;
  readonly command: string;
  readonly environment: string;
  readonly mountNamespace: string;
}

async function thoseOf(stateFolder: string, pids: readonly number[]): Promise<readonly number[]> {
  const ownMounts = await readlink("/proc/self/ns/mnt");
  const all = await Promise.all(pids.map((pid) => look(pid, ownMounts)));
  const foreign = foreignNamespaces(stateFolder, all);
  const belongs = async ({ pid, command, environment, mountNamespace }: Looked): Promise<boolean> => {
    // The test process and its relatives have the folder in their environment, but did not get a mount namespace of
    // their own.
    if (mountNamespace === ownMounts) return command.includes(stateFolder);
    if (environment.includes(stateFolder)) return true;
    const mounts = (await textOf(pid, "mountinfo")).split("\n").filter((line) => line.includes(stateFolder));
    return mounts.some((line) => !foreign.has(mountNamespace) || !targetOf(line).startsWith(stateFolder));
  };
  const answers = await Promise.all(all.map(belongs));
  return pids.filter((_pid, index) => answers[index]);
}

async function look(pid: number, ownMounts: string): Promise<Looked> {
  const [command, environment, mountNamespace] = await Promise.all([
    textOf(pid, "cmdline"),
    textOf(pid, "environ"),
    readlink(`/proc/${pid}/ns/mnt`).catch(() => ownMounts),
  ]);
  return { pid, command, environment, mountNamespace };
}

/**
 * Those of engines and tests with other folders. Whoever makes a mount namespace gets a copy of what is mounted on the
 * machine at that moment, and keeps it: what another test mounts below its folder, without being any business of it.
 */
function foreignNamespaces(stateFolder: string, all: readonly Looked[]): ReadonlySet<string> {
  const own = new Set<string>();
  const foreign = new Set<string>();
  for (const { environment, mountNamespace } of all) {
    if (environment.includes(stateFolder)) own.add(mountNamespace);
    else if (/(^|\0)RUNCIBLE_STATE_DIR=./.test(environment)) foreign.add(mountNamespace);
  }
  return new Set([...foreign].filter((namespace) => !own.has(namespace)));
}

/** Where it is mounted: proc(5), mountinfo. */
function targetOf(line: string): string {
  return line.split(" ")[4] ?? "";
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
