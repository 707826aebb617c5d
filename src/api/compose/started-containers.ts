import type { ObservedContainer } from "../../compose/plan/observed";
import { inspectResultOf } from "../container/inspect-result";
import { inspectPublished } from "../container/published-ports";
import { startFailure } from "../container/start-failure";
import { StartedGenericContainer } from "../container/started-generic-container";
import { traceLog } from "../container/trace-log";
import { log } from "../log";
import { BoundPorts } from "../ports/bound-ports";
import type { PortWithOptionalBinding } from "../ports/port";
import { containerHandle } from "../runtime/container-handle";
import type { Runtime } from "../runtime/runtime";
import { defaultWaitStrategy } from "../wait/default-strategy";
import { waitByStrategy } from "../wait/wait-by-strategy";
import type { WaitStrategy } from "../wait/wait-strategy";
import { composeVerbs } from "./compose-verbs";

export interface ChosenWaits {
  /** By containers and, for those that are not named, by services. */
  readonly byName: ReadonlyMap<string, WaitStrategy>;
  readonly byDefault: WaitStrategy | undefined;
  readonly startupTimeoutMs: number | undefined;
}

type NamedContainer = Pick<ObservedContainer, "id" | "name" | "service">;

/** The containers of a project that run, once each is ready; by name without that of the project. */
export async function awaitContainers(
  runtime: Runtime,
  project: string,
  waits: ChosenWaits,
): Promise<ReadonlyMap<string, StartedGenericContainer>> {
  const running = (await namedContainers(runtime, project)).filter(({ isRunning }) => isRunning);
  warnOfUnusedWaits(running, waits);
  const started = await Promise.all(
    running.map(async (container) => [container.name, await awaitContainer(runtime, container, waits)] as const),
  );
  return new Map(started);
}

/** All that there are of a project. */
export async function namedContainers(runtime: Runtime, project: string): Promise<readonly ObservedContainer[]> {
  const containers = await composeVerbs().observeContainers(runtime.engine, project);
  return containers.map((container) => ({ ...container, name: shortName(container.name, project) }));
}

/** Of services that were not asked for, or whose container has ended already. */
function warnOfUnusedWaits(running: readonly NamedContainer[], { byName }: ChosenWaits): void {
  const unused = [...byName.keys()].filter((name) => !running.some((one) => one.name === name || one.service === name));
  if (unused.length === 0) return;
  log.warn(
    `No containers were started for the configured wait strategy names: "${unused.join('", "')}"; these run: ${running.map(({ name }) => name).join(", ") || "none"}`,
  );
}

/**
 * Without the name of the project, which a `container_name` does not begin with; docker-compose 1 puts an underscore
 * there.
 */
function shortName(name: string, project: string): string {
  return name.startsWith(`${project}-`) || name.startsWith(`${project}_`) ? name.slice(project.length + 1) : name;
}

async function awaitContainer(
  runtime: Runtime,
  { id, name, service }: NamedContainer,
  { byName, byDefault, startupTimeoutMs }: ChosenWaits,
): Promise<StartedGenericContainer> {
  const { engine, hostIps } = runtime;
  const startedAtMs = Date.now();
  let image = name;
  try {
    const inspect = await inspectPublished(engine, id);
    image = inspect.Config.Image;
    await traceLog(engine, { id, name });
    const boundPorts = BoundPorts.fromInspectResult(hostIps, inspectResultOf(inspect));
    const waitStrategy =
      byName.get(name) ?? byName.get(service) ?? byDefault ?? (await defaultWaitStrategy(runtime, inspect));
    if (startupTimeoutMs !== undefined) waitStrategy.withStartupTimeout(startupTimeoutMs);
    await waitByStrategy(waitStrategy, { container: containerHandle(engine, id), boundPorts });
    // Keys such as `80/tcp` are what the port type calls a port with its protocol.
    const exposedPorts = [...boundPorts.iterator()].map(([key]) => key as PortWithOptionalBinding);
    return new StartedGenericContainer({
      runtime,
      inspect,
      name,
      boundPorts,
      exposedPorts,
      waitStrategy,
      autoRemove: true,
    });
  } catch (error) {
    throw await startFailure({ engine, containerId: id, image, startedAtMs, error });
  }
}
