import { inspectResultOf } from "../container/inspect-result";
import { inspectPublished } from "../container/published-ports";
import { startFailure } from "../container/start-failure";
import { StartedGenericContainer } from "../container/started-generic-container";
import { BoundPorts } from "../ports/bound-ports";
import type { PortWithOptionalBinding } from "../ports/port";
import { containerHandle } from "../runtime/container-handle";
import type { Runtime } from "../runtime/runtime";
import { defaultWaitStrategy } from "../wait/default-strategy";
import { waitByStrategy } from "../wait/wait-by-strategy";
import type { WaitStrategy } from "../wait/wait-strategy";
import { composeVerbs } from "./compose-verbs";

export interface ChosenWaits {
  readonly byName: ReadonlyMap<string, WaitStrategy>;
  readonly byDefault: WaitStrategy | undefined;
  readonly startupTimeoutMs: number | undefined;
}

/** The containers of a project that run, once each is ready; by name without that of the project. */
export async function awaitContainers(
  runtime: Runtime,
  project: string,
  waits: ChosenWaits,
): Promise<ReadonlyMap<string, StartedGenericContainer>> {
  const containers = await composeVerbs().observeContainers(runtime.engine, project);
  const running = containers.filter(({ isRunning }) => isRunning);
  const started = await Promise.all(
    running.map(async ({ id, name }) => {
      const shortName = name.startsWith(`${project}-`) ? name.slice(project.length + 1) : name;
      return [shortName, await awaitContainer(runtime, id, shortName, waits)] as const;
    }),
  );
  return new Map(started);
}

async function awaitContainer(
  runtime: Runtime,
  id: string,
  name: string,
  { byName, byDefault, startupTimeoutMs }: ChosenWaits,
): Promise<StartedGenericContainer> {
  const { engine, hostIps } = runtime;
  const startedAtMs = Date.now();
  let image = name;
  try {
    const inspect = await inspectPublished(engine, id);
    image = inspect.Config.Image;
    const boundPorts = BoundPorts.fromInspectResult(hostIps, inspectResultOf(inspect));
    const waitStrategy = byName.get(name) ?? byDefault ?? (await defaultWaitStrategy(runtime, inspect));
    if (startupTimeoutMs !== undefined) waitStrategy.withStartupTimeout(startupTimeoutMs);
    await waitByStrategy(waitStrategy, { container: containerHandle(engine, id), boundPorts });
    // Keys such as `80/tcp` are what the port type calls a port with its protocol.
    const exposedPorts = [...boundPorts.iterator()].map(([key]) => key as PortWithOptionalBinding);
    return new StartedGenericContainer({ runtime, inspect, boundPorts, exposedPorts, waitStrategy, autoRemove: true });
  } catch (error) {
    throw await startFailure({ engine, containerId: id, image, startedAtMs, error });
  }
}
