import { hasCode, isRuncibleError } from "../../internal/errors";
import type { PortsAnswering } from "../../wire/session";
import type { BoundPorts } from "../ports/bound-ports";
import type { ContainerHandle } from "../runtime/container-handle";
import { getRuntime, type Runtime } from "../runtime/runtime";
import { waitByCommand } from "./ports-by-command";
import { connects } from "./probe-port";
import { poll, waitWithContainer } from "./until";
import { AbstractWaitStrategy } from "./wait-strategy";

const intervalMs = 50;

/** Every published TCP port is listened on in the container and answers from outside. UDP ports cannot be asked. */
export class ListeningPortsWaitStrategy extends AbstractWaitStrategy {
  override toString(): string {
    return "listening ports";
  }

  async waitUntilReady(container: ContainerHandle, boundPorts: BoundPorts): Promise<void> {
    const ports = [...boundPorts.iterator()].filter(([key]) => key.endsWith("/tcp"));
    if (ports.length === 0) return;
    const runtime = await getRuntime();
    const keys = ports.map(([key]) => key);
    const limits = {
      engine: runtime.engine,
      containerId: container.id,
      timeoutMs: this.startupTimeoutMs,
      describeTimeout: async () => {
        const { missing, seen } = await lookInside(runtime, container.id, keys);
        return `Port ${missing} not bound after ${this.startupTimeoutMs}ms; ${seen}`;
      },
    };
    await waitWithContainer(limits, async (signal) => {
      if (!runtime.capabilities.has("wait-ports")) {
        const asked = ports.map(([key, hostPort]) => ({ port: Number.parseInt(key, 10), hostPort }));
        return waitByCommand(runtime, container.id, asked, signal);
      }
      const answering = await waitInside(runtime, container.id, keys, this.startupTimeoutMs, signal);
      for (const [, hostPort] of ports) {
        if (isOpenFromHere(runtime, hostPort, answering)) continue;
        await poll(signal, intervalMs, () => connects(runtime.host, hostPort));
      }
    });
  }
}

/** Our engine reads the container's sockets, and connects to them. */
async function waitInside(
  runtime: Runtime,
  containerId: string,
  keys: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<PortsAnswering> {
  try {
    // The limit is ours: the engine's is for a client that went away, and comes later.
    const body = { Ports: keys, TimeoutMs: timeoutMs + 1_000 };
    return await runtime.engine.containers.waitForPorts(containerId, body, signal);
  } catch (error) {
    if (!signal.aborted || !hasCode(error, "aborted")) throw error;
    return {};
  }
}

const anyAddress = new Set(["0.0.0.0", "::"]);

/**
 * Whether the engine has tried all of the way but its own listening socket on this machine, which is there as long as
 * the container. A second connection would only disturb the service.
 */
function isOpenFromHere(
  { isOfThisMachine, hostIps }: Runtime,
  hostPort: number,
  { Answering = [] }: PortsAnswering,
): boolean {
  const own = new Set(hostIps.map(({ address }) => address));
  const bindings = Answering.filter((binding) => binding.HostPort === hostPort);
  return isOfThisMachine && bindings.some(({ HostIp }) => anyAddress.has(HostIp) || own.has(HostIp));
}

interface View {
  /** Ports. */
  readonly missing: string;
  readonly seen: string;
}

/** What is the case after a wait in vain. */
async function lookInside(runtime: Runtime, containerId: string, keys: readonly string[]): Promise<View> {
  const missing = keys.join(", ");
  const { host } = runtime;
  if (!runtime.capabilities.has("wait-ports")) {
    const seen = `nothing listens, or connections to ${host} are closed at once; check the port, and that the service listens on 0.0.0.0 rather than on 127.0.0.1 or IPv6 only`;
    return { missing, seen };
  }
  try {
    await runtime.engine.containers.waitForPorts(containerId, { Ports: keys, TimeoutMs: 1 });
    return { missing, seen: `the container listens, but nothing can connect to it at ${host}` };
  } catch (error) {
    const { ports = missing, seen = "check the port, and that the service listens on 0.0.0.0 rather than 127.0.0.1" } =
      isRuncibleError(error) && error.code === "wait-timeout" ? (error.evidence as PortEvidence) : {};
    return { missing: ports, seen };
  }
}

interface PortEvidence {
  readonly ports?: string;
  readonly seen?: string;
}
