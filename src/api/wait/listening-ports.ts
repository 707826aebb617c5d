import { connect } from "node:net";
import { hasCode } from "../../internal/errors";
import { execIn } from "../container/exec";
import { log } from "../log";
import type { BoundPorts } from "../ports/bound-ports";
import type { ContainerHandle } from "../runtime/container-handle";
import { getRuntime, type Runtime } from "../runtime/runtime";
import { poll, waitWithContainer } from "./until";
import { AbstractWaitStrategy } from "./wait-strategy";

const intervalMs = 50;
const connectTimeoutMs = 1_000;

/** Every published TCP port is listened on in the container and answers from outside. UDP ports cannot be asked. */
export class ListeningPortsWaitStrategy extends AbstractWaitStrategy {
  async waitUntilReady(container: ContainerHandle, boundPorts: BoundPorts): Promise<void> {
    const ports = [...boundPorts.iterator()].filter(([key]) => key.endsWith("/tcp"));
    if (ports.length === 0) return;
    const runtime = await getRuntime();
    const keys = ports.map(([key]) => key);
    const limits = {
      engine: runtime.engine,
      containerId: container.id,
      timeoutMs: this.startupTimeoutMs,
      describeTimeout: `Port ${keys.join(", ")} not bound after ${this.startupTimeoutMs}ms; check the port, and that the service listens on 0.0.0.0 rather than 127.0.0.1`,
    };
    await waitWithContainer(limits, async (signal) => {
      await waitInside(runtime, container.id, keys, this.startupTimeoutMs, signal);
      for (const [, hostPort] of ports) await poll(signal, intervalMs, () => answers(runtime.host, hostPort));
    });
  }
}

/** Our engine reads the container's sockets; of another daemon's container only its own programs can tell. */
async function waitInside(
  runtime: Runtime,
  containerId: string,
  keys: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  if (!runtime.capabilities.has("wait-ports")) {
    await Promise.all(keys.map((key) => waitByCommand(runtime, containerId, Number.parseInt(key, 10), signal)));
    return;
  }
  try {
    await runtime.engine.containers.waitForPorts(containerId, { Ports: keys, TimeoutMs: timeoutMs }, signal);
  } catch (error) {
    if (!signal.aborted || !hasCode(error, "aborted")) throw error;
  }
}

async function waitByCommand(runtime: Runtime, containerId: string, port: number, signal: AbortSignal): Promise<void> {
  const command = ["/bin/sh", "-c", listeningCheck(port)];
  let isReported = false;
  await poll(signal, intervalMs * 2, async () => {
    const { exitCode } = await execIn(runtime.engine, containerId, command, {}, signal);
    if ((exitCode === 126 || exitCode === 127) && !isReported) {
      isReported = true;
      log.error("The HostPortWaitStrategy will not work on a distroless image, use an alternate wait strategy", {
        containerId,
      });
    }
    return exitCode === 0;
  });
}

/** The kernel's table first (state 0A is LISTEN), then whatever program can connect. */
function listeningCheck(port: number): string {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return [
    `grep -qE ':${hex} 0+:0000 0A' /proc/net/tcp /proc/net/tcp6 2>/dev/null`,
    `nc -z -w 1 localhost ${port} 2>/dev/null`,
    `/bin/bash -c '</dev/tcp/localhost/${port}' 2>/dev/null`,
  ].join(" || ");
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: connectTimeoutMs });
    const settle = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once("connect", () => settle(true));
    socket.once("timeout", () => settle(false));
    socket.once("error", () => settle(false));
  });
}
