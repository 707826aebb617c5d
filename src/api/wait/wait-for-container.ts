import { log } from "../log";
import type { BoundPorts } from "../ports/bound-ports";
import { type ContainerHandle, containerHandle } from "../runtime/container-handle";
import type { ContainerRuntimeClient } from "../runtime/container-runtime-client";
import { getRuntime } from "../runtime/runtime";
import { defaultWaitStrategy } from "./default-strategy";
import { waitByStrategy } from "./wait-by-strategy";
import type { WaitStrategy } from "./wait-strategy";

/**
 * Waits; a container that does not become ready is removed with its volumes. Without a strategy: the default one
 * (modules of older versions pass none).
 */
export async function waitForContainer(
  _client: ContainerRuntimeClient,
  container: Pick<ContainerHandle, "id">,
  waitStrategy: WaitStrategy | undefined,
  boundPorts: BoundPorts,
  startTime?: Date,
): Promise<void> {
  const runtime = await getRuntime();
  const { engine } = runtime;
  const handle = containerHandle(engine, container.id);
  try {
    const strategy = waitStrategy ?? (await defaultWaitStrategy(runtime, await engine.containers.inspect(handle.id)));
    await waitByStrategy(strategy, { container: handle, boundPorts, startTime });
  } catch (error) {
    await engine.containers.remove(handle.id, { force: true, volumes: true }).catch((removal: unknown) => {
      log.error(`Failed to remove container: ${removal}`, { containerId: handle.id });
    });
    throw error;
  }
}
