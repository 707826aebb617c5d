import { setTimeout as delay } from "node:timers/promises";
import { difference, type Snapshot, takeSnapshot } from "../../support/leaks";
import { waitUntil } from "../../support/wait-until";

/**
 * What an engine of this state folder and its helpers hold, told by kind and count: its next instance looks the same.
 */
export async function holdings(stateFolder: string, folders: readonly string[] = []): Promise<Snapshot> {
  const { options, things } = await takeSnapshot({ stateFolder, folders });
  return { options, things: { ...things, processes: withoutNumbers(things.processes) } };
}

/**
 * As `holdings`, once nothing changes any more: an engine makes things ready in advance a moment after they were used.
 */
export async function settledHoldings(stateFolder: string, folders: readonly string[] = []): Promise<Snapshot> {
  let now = await holdings(stateFolder, folders);
  for (let isSame = false; !isSame; ) {
    await delay(500);
    const before = now;
    now = await holdings(stateFolder, folders);
    isSame = difference(before, now).length === 0 && difference(now, before).length === 0;
  }
  return now;
}

/** Nothing at all, not even an engine. */
export function nothingOf(stateFolder: string): Snapshot {
  const none = new Set<string>();
  return {
    options: { stateFolder },
    things: {
      ...{ processes: none, mounts: none, links: none, firewall: none, cgroups: none, folders: none },
      "network namespaces": none,
    },
  };
}

/** Looks until there is no more than `limit`; throws with the list of what is after `withinMs`. */
export async function expectNoMoreThan(limit: Snapshot, withinMs: number, except: RegExp = /^$/): Promise<void> {
  const { stateFolder = "", folders } = limit.options;
  let more: readonly string[] = [];
  const isClean = async (): Promise<boolean> => {
    more = difference(limit, await holdings(stateFolder, folders)).filter((line) => !except.test(line));
    return more.length === 0;
  };
  if (await waitUntil(isClean, withinMs)) return;
  throw new TypeError(`still there after ${withinMs} ms:\n${more.join("\n")}`);
}

/** Process numbers, start times and the names of things that are made anew go; equal lines are counted. */
function withoutNumbers(processes: ReadonlySet<string>): ReadonlySet<string> {
  const counts = new Map<string, number>();
  return new Set(
    [...processes].map((line) => {
      const name = line.replace(/^\d+ \(started \d+\) /, "").replace(/[0-9a-f]{12,64}/g, "*");
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      return `${name} (${count})`;
    }),
  );
}
