import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { runUnchecked } from "../../src/internal/exec";
import { readCgroups } from "./leaks/cgroups";
import { namespacesOf, readLinks, readMounts } from "./leaks/namespaces";
import { processesOf } from "./leaks/processes";

export interface SnapshotOptions {
  /**
   * Look only at what belongs to this state folder and its engine, on a machine where others are at work. Default: at
   * everything.
   */
  readonly stateFolder?: string;
  /** Folders whose entries count. Default: none. */
  readonly folders?: readonly string[];
}

/** What a machine holds, by kind, each thing as a line. */
export interface Snapshot {
  readonly options: SnapshotOptions;
  readonly things: Readonly<Record<Kind, ReadonlySet<string>>>;
}

type Kind = "processes" | "mounts" | "network namespaces" | "links" | "firewall" | "cgroups" | "folders";

/**
 * Counts processes, mounts, network namespaces, links, firewall tables and rules, cgroups and folder entries, also
 * those that only an engine's own namespaces show. Random names of an engine's things do not matter, only how many
 * there are.
 */
export async function takeSnapshot(options: SnapshotOptions = {}): Promise<Snapshot> {
  const { stateFolder } = options;
  const engineId = stateFolder === undefined ? undefined : await engineIdOf(stateFolder);
  const processes = await processesOf(stateFolder);
  const [mountNamespaces, networkNamespaces] = await Promise.all([
    namespacesOf("mnt", processes),
    namespacesOf("net", processes),
  ]);
  const [mounts, links, firewall, cgroups, folders] = await Promise.all([
    readMounts(mountNamespaces, stateFolder),
    readLinks(networkNamespaces, engineId),
    readFirewall(engineId),
    readCgroups(engineId),
    readFolders(options.folders ?? []),
  ]);
  const names = networkNamespaces.filter(({ isOwn }) => !isOwn).map(() => "one with processes in it");
  return {
    options,
    things: {
      processes: new Set(processes.map(({ key }) => key)),
      mounts: numbered(mounts),
      "network namespaces": numbered(names),
      links: numbered(links),
      firewall: numbered(firewall),
      cgroups: numbered(cgroups),
      folders: new Set(folders),
    },
  };
}

/** Of a state folder that nobody has used. */
export function emptySnapshot(stateFolder: string): Snapshot {
  const none = new Set<string>();
  const things = {
    ...{ processes: none, mounts: none, "network namespaces": none, links: none },
    ...{ firewall: none, cgroups: none, folders: none },
  };
  return { options: { stateFolder }, things };
}

/** Lines of what is there now and was not before: `mounts: overlay on /…`. */
export function difference(before: Snapshot, now: Snapshot): string[] {
  return (Object.keys(now.things) as Kind[]).flatMap((kind) =>
    [...now.things[kind]].filter((thing) => !before.things[kind].has(thing)).map((thing) => `${kind}: ${thing}`),
  );
}

/** A look takes as long on a machine with nothing else to do. */
const longestTurnMs = 60;

/**
 * Looks until nothing is left of what came after `before`; throws with the list of what still is after `withinMs`. That
 * is the time of a machine which goes on: what it stands still, or is busy with others, is time that whoever clears up
 * did not have either.
 */
export async function expectNothingLeft(before: Snapshot, withinMs: number): Promise<void> {
  for (let spentMs = 0; ; ) {
    const lookedAt = performance.now();
    const left = difference(before, await takeSnapshot(before.options));
    if (left.length === 0) return;
    if (spentMs >= withinMs) throw new TypeError(`still there after ${withinMs} ms:\n${left.join("\n")}`);
    await delay(10);
    spentMs += Math.min(performance.now() - lookedAt, longestTurnMs);
  }
}

/**
 * Looks until three snapshots in a row are the same: of what is still being cleared up, or made in advance, none
 * counts.
 */
export async function takeSteadySnapshot(options: SnapshotOptions = {}): Promise<Snapshot> {
  let last = await takeSnapshot(options);
  for (let same = 1; same < 3; ) {
    await delay(50);
    const now = await takeSnapshot(options);
    same = difference(last, now).length + difference(now, last).length === 0 ? same + 1 : 1;
    last = now;
  }
  return last;
}

/** Undefined before the first start of an engine, when nothing can carry its id. */
export async function engineIdOf(stateFolder: string): Promise<string | undefined> {
  const text = await readFile(join(stateFolder, "engine-id"), "utf8").catch(() => "");
  return text.trim() || "none-yet";
}

/** Equal lines, and lines that differ in a random name only, become `line (1)`, `line (2)`. */
function numbered(lines: readonly string[]): ReadonlySet<string> {
  const counts = new Map<string, number>();
  return new Set(
    lines.map((line) => {
      const name = line.replace(/[0-9a-f]{12,64}/g, "*");
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      return `${name} (${count})`;
    }),
  );
}

/** Tables and rules, those of Docker's chain included. */
async function readFirewall(engineId: string | undefined): Promise<string[]> {
  const { stdout } = await runUnchecked("nft", ["list", "ruleset"]);
  const lines = stdout.split("\n").map((line) => line.trim().replace(/counter packets \d+ bytes \d+ /, ""));
  return lines.filter((line) => line !== "" && (engineId === undefined || line.includes(engineId)));
}

async function readFolders(folders: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(
    folders.map(async (folder) => (await readdir(folder).catch(() => [])).map((name) => join(folder, name))),
  );
  return lists.flat();
}
