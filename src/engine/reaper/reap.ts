import { request } from "node:http";
import { json } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { messageOf, RuncibleError } from "../../internal/errors";

/** As in the query of a list: `label` to `a=b`. */
export type ReaperFilters = ReadonlyMap<string, readonly string[]>;

export interface ReapTarget {
  /** The engine's API. */
  readonly socketPath: string;
  /** The reaper's own container, which may carry what it removes. */
  readonly ownId: string;
  readonly say: (text: string) => void;
}

/**
 * `label=a=b&label=c=d`: how a client writes them. Empty for a line with anything else in it, or malformed: whoever can
 * connect may name what carries a label of its own, not all of a name or all that is unused. Pure.
 */
export function parseFilters(line: string): ReaperFilters {
  const entries = [...new URLSearchParams(line.trim())];
  const areLabels = entries.every(([key, value]) => key === "label" && /^[^=]+=./.test(value));
  return entries.length > 0 && areLabels ? new Map([["label", entries.map(([, value]) => value)]]) : new Map();
}

const attempts = 10;
const pauseMs = 1000;

/** Removes all that fits any of the filters: containers first, then what they used. What cannot go is tried again. */
export async function reap(filters: readonly ReaperFilters[], target: ReapTarget): Promise<void> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    let failures = 0;
    for (const kind of kinds) {
      for (const wanted of filters) failures += await removeAll(kind, wanted, target);
    }
    if (failures === 0) return;
    await delay(pauseMs);
  }
}

interface Kind {
  readonly name: string;
  readonly list: string;
  ids(answer: unknown): readonly string[];
  removal(id: string): string;
}

interface Listed {
  readonly Id?: string;
  readonly Name?: string;
}

const idsOf = (answer: unknown): readonly string[] => (answer as readonly Listed[]).map(({ Id = "" }) => Id);

const kinds: readonly Kind[] = [
  {
    name: "container",
    list: "/containers/json?all=1&",
    ids: idsOf,
    removal: (id) => `/containers/${id}?force=1&v=1`,
  },
  { name: "network", list: "/networks?", ids: idsOf, removal: (id) => `/networks/${id}` },
  {
    name: "volume",
    list: "/volumes?",
    ids: (answer) => (answer as { readonly Volumes: readonly Listed[] }).Volumes.map(({ Name = "" }) => Name),
    removal: (name) => `/volumes/${encodeURIComponent(name)}?force=1`,
  },
  { name: "image", list: "/images/json?", ids: idsOf, removal: (id) => `/images/${id}` },
];

/** How many would not go. */
async function removeAll(kind: Kind, filters: ReaperFilters, target: ReapTarget): Promise<number> {
  const query = `filters=${encodeURIComponent(JSON.stringify(Object.fromEntries(filters)))}`;
  let failures = 0;
  try {
    const listed = await call(target.socketPath, "GET", `${kind.list}${query}`);
    for (const id of kind.ids(await json(listed.body))) {
      if (id === target.ownId) continue;
      const { status, body } = await call(target.socketPath, "DELETE", kind.removal(id));
      body.resume();
      if (status >= 400 && status !== 404) failures += 1;
      else target.say(`removed ${kind.name} ${id}`);
    }
  } catch (error) {
    target.say(`remove ${kind.name}s: ${messageOf(error)}`);
    failures += 1;
  }
  return failures;
}

function call(
  socketPath: string,
  method: string,
  path: string,
): Promise<{ readonly status: number; readonly body: NodeJS.ReadableStream }> {
  return new Promise((resolve, reject) => {
    request({ socketPath, method, path }, (response) => resolve({ status: response.statusCode ?? 500, body: response }))
      .once("error", (cause) =>
        reject(new RuncibleError("engine-unreachable", `ask the engine: ${cause.message}`, { cause })),
      )
      .end();
  });
}
