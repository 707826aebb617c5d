import { RuncibleError } from "../../internal/errors";
import { extrasOf, type Startable, type Stoppable } from "./request-extras";
import type { StartedTestContainer } from "./types";

export type StartedGraph = ReadonlyMap<Startable, StartedTestContainer>;

/**
 * Starts containers and all that they depend on: every pull begins at once, and each container starts as soon as what
 * it depends on is ready, once however many depend on it. When one fails, those that had started are stopped, and its
 * error is thrown. Throws `invalid-argument` for a circle. `stopWithLast`: what is no root, and so in nobody's hands,
 * stops when the last container that depends on it has stopped.
 */
export async function startGraph(
  roots: readonly Startable[],
  { stopWithLast }: { readonly stopWithLast: boolean },
): Promise<StartedGraph> {
  const nodes = allNodes(roots);
  const unnamed = new Map(
    nodes.filter((node) => stopWithLast && !roots.includes(node)).map((node) => [node, usersOf(node, nodes)]),
  );
  // What fails here fails again, and is told, when the container itself starts.
  for (const node of nodes)
    extrasOf(node)
      .prefetch()
      .catch(() => {});
  const starts = new Map<Startable, Promise<StartedTestContainer>>();
  let failure: { readonly reason: unknown } | undefined;
  const start = (node: Startable): Promise<StartedTestContainer> => {
    const known = starts.get(node);
    if (known !== undefined) return known;
    const isFailed = (): boolean => failure !== undefined;
    const begun = startAfter(node, dependenciesOf(node).map(start), { isFailed, unnamed });
    begun.catch((reason: unknown) => {
      // The first in time: what fails after it may do so because of it.
      failure ??= { reason };
    });
    starts.set(node, begun);
    return begun;
  };
  const settled = await Promise.allSettled(nodes.map(start));
  const started = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  if (failure === undefined)
    return new Map(nodes.map((node, index) => [node, started[index]] as const).filter(isStarted));
  // What they say on the way must not hide why.
  await stopAll(started).catch(() => {});
  throw failure.reason;
}

/** All at once; the failure of the last one that started is thrown when all have been tried. */
export async function stopAll(started: readonly Stoppable[]): Promise<void> {
  const results = await Promise.allSettled([...started].reverse().map((container) => container.stop()));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

function isStarted(
  entry: readonly [Startable, StartedTestContainer | undefined],
): entry is readonly [Startable, StartedTestContainer] {
  return entry[1] !== undefined;
}

async function startAfter(
  node: Startable,
  starting: readonly Promise<StartedTestContainer>[],
  { isFailed, unnamed }: GraphState,
): Promise<StartedTestContainer> {
  const started = await Promise.all(starting);
  if (isFailed()) throw new RuncibleError("aborted", "start container: another one failed, and this one was not begun");
  const own = extrasOf(node);
  own.startedFor = dependenciesOf(node).flatMap((dependency, index) => {
    const [users, container] = [unnamed.get(dependency), started[index]];
    return users === undefined || container === undefined
      ? []
      : [untilLast(container, { users, user: node, isFailed })];
  });
  try {
    return await node.start();
  } finally {
    own.startedFor = undefined;
  }
}

interface GraphState {
  /** Then all are stopped together. */
  readonly isFailed: () => boolean;
  /** To those that depend on each, as long as they run. */
  readonly unnamed: ReadonlyMap<Startable, Set<Startable>>;
}

/** What one of its users stops: the container itself goes with the last of them. */
function untilLast(
  container: Stoppable,
  { users, user, isFailed }: { readonly users: Set<Startable>; readonly user: Startable; isFailed(): boolean },
): Stoppable {
  return {
    stop: async () => {
      users.delete(user);
      if (users.size === 0 && !isFailed()) await container.stop();
    },
  };
}

function usersOf(node: Startable, nodes: readonly Startable[]): Set<Startable> {
  return new Set(nodes.filter((other) => dependenciesOf(other).includes(node)));
}

/** Dependencies first. */
function allNodes(roots: readonly Startable[]): readonly Startable[] {
  const found = new Set<Startable>();
  const visit = (node: Startable, above: readonly Startable[]): void => {
    if (above.includes(node)) {
      const circle = [...above.slice(above.indexOf(node)), node].map((each) => extrasOf(each).title());
      throw new RuncibleError(
        "invalid-argument",
        `start containers: they depend on each other in a circle: ${circle.join(" → ")}; take one dependsOn away`,
      );
    }
    if (found.has(node)) return;
    for (const dependency of dependenciesOf(node)) visit(dependency, [...above, node]);
    found.add(node);
  };
  for (const root of roots) visit(root, []);
  return [...found];
}

function dependenciesOf(node: Startable): readonly Startable[] {
  return extrasOf(node).dependencies;
}
