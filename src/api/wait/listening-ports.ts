import { connect } from "node:net";
import { hasCode, isRuncibleError } from "../../internal/errors";
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
        return `Port ${missing.join(", ")} not bound after ${this.startupTimeoutMs}ms; ${seen}`;
      },
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
    // The limit is ours: the engine's is for a client that went away, and comes later.
    const body = { Ports: keys, TimeoutMs: timeoutMs + 1_000 };
    await runtime.engine.containers.waitForPorts(containerId, body, signal);
  } catch (error) {
    if (!signal.aborted || !hasCode(error, "aborted")) throw error;
  }
}

interface View {
  readonly missing: readonly string[];
  readonly seen: string;
}

/** What the container's sockets are after a wait in vain. */
async function lookInside(runtime: Runtime, containerId: string, keys: readonly string[]): Promise<View> {
  const advice = "check the port, and that the service listens on 0.0.0.0 rather than 127.0.0.1";
  const unknown = { missing: keys, seen: advice };
  if (!runtime.capabilities.has("wait-ports")) return unknown;
  try {
    await runtime.engine.containers.waitForPorts(containerId, { Ports: keys, TimeoutMs: 1 });
    return { missing: keys, seen: `the container listens, but nothing can connect to it at ${runtime.host}` };
  } catch (error) {
    if (!isRuncibleError(error) || error.code !== "wait-timeout") return unknown;
    const { ports = "", listening = [], loopbackOnly = [] } = error.evidence as PortEvidence;
    return { missing: ports.split(", "), seen: describeSockets(listening, loopbackOnly) };
  }
}

interface PortEvidence {
  readonly ports?: string;
  readonly listening?: readonly string[];
  readonly loopbackOnly?: readonly string[];
}

function describeSockets(listening: readonly string[], loopbackOnly: readonly string[]): string {
  if (loopbackOnly.length > 0) {
    return `the service listens on 127.0.0.1 only (${loopbackOnly.join(", ")}); let it listen on 0.0.0.0`;
  }
  if (listening.length > 0) return `the container listens on ${listening.join(", ")}; check the port`;
  return "nothing in the container listens on any port";
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
