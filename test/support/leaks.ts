import { readdir, readFile, readlink } from "node:fs/promises";
import { join, relative } from "node:path";
import { runUnchecked } from "../../src/internal/exec";
import { processesOf } from "./leaks/processes";
import { waitUntil } from "./wait-until";

export interface SnapshotOptions {
  /** Look only at what belongs to this state folder, on a machine where others are at work. Default: at everything. */
  readonly stateFolder?: string;
  /** Folders whose entries count. Default: none. */
  readonly folders?: readonly string[];
}

/** What a machine holds, by kind, each thing as a line. */
export interface Snapshot {
  readonly options: SnapshotOptions;
  readonly things: Readonly<Record<Kind, ReadonlySet<string>>>;
}

type Kind = "processes" | "mounts" | "network namespaces" | "links" | "nft tables" | "cgroups" | "folders";

/** Counts processes, mounts, network namespaces, links, nft tables, cgroups and folder entries. */
export async function takeSnapshot(options: SnapshotOptions = {}): Promise<Snapshot> {
  const [processes, mounts, namespaces, links, tables, cgroups, folders] = await Promise.all([
    processesOf(options.stateFolder),
    readMounts(options.stateFolder),
    readNetworkNamespaces(options.stateFolder),
    options.stateFolder === undefined ? readLinks() : [],
    options.stateFolder === undefined ? readNftTables() : [],
    readCgroups(options.stateFolder === undefined),
    readFolders(options.folders ?? []),
  ]);
  return {
    options,
    things: {
      processes: new Set(processes.map(({ key }) => key)),
      mounts: new Set(mounts),
      "network namespaces": new Set(namespaces),
      links: new Set(links),
      "nft tables": new Set(tables),
      cgroups: new Set(cgroups),
      folders: new Set(folders),
    },
  };
}

/** Lines of what is there now and was not before: `mounts: overlay on /…`. */
export function difference(before: Snapshot, now: Snapshot): string[] {
  return (Object.keys(now.things) as Kind[]).flatMap((kind) =>
    [...now.things[kind]].filter((thing) => !before.things[kind].has(thing)).map((thing) => `${kind}: ${thing}`),
  );
}

/** Looks until nothing is left of what came after `before`; throws with the list of what still is after `withinMs`. */
export async function expectNothingLeft(before: Snapshot, withinMs = 1_000): Promise<void> {
  let left: string[] = [];
  const isClean = async (): Promise<boolean> => {
    left = difference(before, await takeSnapshot(before.options));
    return left.length === 0;
  };
  if (await waitUntil(isClean, withinMs)) return;
  throw new TypeError(`still there after ${withinMs} ms:\n${left.join("\n")}`);
}

async function readMounts(stateFolder = ""): Promise<string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).trim().split("\n");
  return lines.filter((line) => line.includes(stateFolder)).map((line) => line.split(" ").slice(0, 5).join(" "));
}

/** Those that processes are in. One that only a mount keeps is in the list of mounts, as a mount of `nsfs`. */
async function readNetworkNamespaces(stateFolder: string | undefined): Promise<string[]> {
  const processes = await processesOf(stateFolder);
  const names = await Promise.all(processes.map(({ pid }) => readlink(`/proc/${pid}/ns/net`).catch(() => "")));
  return names.filter((name) => name !== "");
}

async function readLinks(): Promise<string[]> {
  return readdir("/sys/class/net");
}

async function readNftTables(): Promise<string[]> {
  const { stdout } = await runUnchecked("nft", ["list", "tables"]);
  return stdout
    .trim()
    .split("\n")
    .filter((line) => line !== "");
}

/** All folders of all hierarchies, or those that carry the package's name. */
async function readCgroups(isWholeMachine: boolean): Promise<string[]> {
  const root = "/sys/fs/cgroup";
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => isWholeMachine || path.includes("runcible"));
}

async function readFolders(folders: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(
    folders.map(async (folder) => (await readdir(folder).catch(() => [])).map((name) => join(folder, name))),
  );
  return lists.flat();
}
