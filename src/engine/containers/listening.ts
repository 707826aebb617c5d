import { setTimeout as delay } from "node:timers/promises";
import { RuncibleError } from "../../internal/errors";
import { longestTimerMs } from "../../internal/longest-timer";
import type { ContainerRun, RunOutcome } from "../../runtime/container";
import { ipv6OnlyPorts } from "../../runtime/network/ports/ipv6-only";
import { type ListeningPort, listeningPorts } from "../../runtime/network/ports/listening";
import type { PortBinding, Sandbox } from "../../runtime/network/stack";
import { type ContainerPort, formatPortKey } from "../../wire/ports";
import type { WaitForListeningOptions } from "../routes/container-service";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { runOf } from "./find";
import { isSame, type NotListening, notListening, type Unreached } from "./not-listening";

/** To be refused costs well under a millisecond, so try often at first. */
const shortestPauseMs = 1;
const pauseGrowth = 1.2;
const longestPauseMs = 100;
/** What is dropped on the way gets no answer ever; a busy machine takes its time. */
const dialTimeoutMs = 1_000;

/**
 * `ContainerService.waitForListening`: connects, as published ports do, and where there is nothing to connect from, or
 * to, asks the kernel; needs no program in the image. A service sees one such connection.
 */
export async function waitForListening(
  context: ContainerContext,
  container: Container,
  options: WaitForListeningOptions,
): Promise<readonly PortBinding[]> {
  const run = runOf(container);
  const deadline = AbortSignal.timeout(Math.min(options.timeoutMs, longestTimerMs));
  const signal = AbortSignal.any([deadline, options.signal]);
  let outcome: RunOutcome | undefined;
  // The container's record learns of it only later.
  void run.exited.then((ended) => {
    outcome = ended;
  });
  const reached = new Set<ContainerPort>();
  for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(pauseMs * pauseGrowth, longestPauseMs)) {
    if (outcome !== undefined) throw exited(container, options.ports, outcome);
    const sandbox = sandboxOf(context, run);
    const wasReached = reached.size > 0;
    const unreached = await dialAll(sandbox, options.ports, { run, reached });
    if (unreached.length === 0) {
      // A port that was reached may have been of a service that got ready to start anew.
      const asked = options.ports.filter((port) => wasReached || !reached.has(port));
      const silent = await silentPorts(container, asked, run);
      if (silent.length === 0) return bindingsOf(run, reached);
      for (const port of silent) reached.delete(port);
    }
    if (options.signal.aborted) throw new RuncibleError("aborted", `wait for ports of ${container.name}: cancelled`);
    if (deadline.aborted && outcome === undefined) {
      throw await tooLate(container, { run, unreached, ports: options.ports, sandbox, timeoutMs: options.timeoutMs });
    }
    // Whatever ends the pause early is looked at above.
    await Promise.race([delay(pauseMs, undefined, { signal }).catch(() => {}), run.exited]);
  }
}

/** Those of `ports` that the kernel's table has not. */
async function silentPorts(
  container: Container,
  ports: readonly ContainerPort[],
  { process }: ContainerRun,
): Promise<readonly ContainerPort[]> {
  if (ports.length === 0) return [];
  return notIn(container, ports, await listeningPorts(process.pid));
}

/** Loopback will not do, except where it is the host's own. */
function notIn(
  container: Container,
  ports: readonly ContainerPort[],
  listening: readonly ListeningPort[],
): readonly ContainerPort[] {
  const reachable = listening.filter(({ isLoopbackOnly }) => isOnHost(container) || !isLoopbackOnly);
  return ports.filter((port) => !reachable.some((socket) => isSame(port, socket)));
}

function isOnHost({ record }: Container): boolean {
  return record.spec.networkMode.kind === "host";
}

interface Missed {
  readonly run: ContainerRun;
  readonly unreached: readonly Unreached[];
  readonly ports: readonly ContainerPort[];
  readonly sandbox: Sandbox | undefined;
  readonly timeoutMs: number;
}

async function tooLate(container: Container, missed: Missed): Promise<RuncibleError> {
  const { run, ports, sandbox, timeoutMs } = missed;
  const listening = await listeningPorts(run.process.pid);
  const unheard = notIn(container, ports, listening);
  const unreached = missed.unreached.filter(({ port }) => !unheard.includes(port));
  // What listens only now came too late all the same.
  const silent = unheard.length + unreached.length === 0 ? ports : unheard;
  const sockets = await socketsToTell(container, run, listening);
  return notListening({ container, silent, unreached, ...sockets, address: sandbox?.publishedAddress, timeoutMs });
}

/** What else listens on the host is no container's business. */
async function socketsToTell(
  container: Container,
  { process: { pid } }: ContainerRun,
  listening: readonly ListeningPort[],
): Promise<Pick<NotListening, "listening" | "ipv6Only">> {
  if (isOnHost(container)) return { listening: [], ipv6Only: new Set() };
  return { listening, ipv6Only: await ipv6OnlyPorts(pid) };
}

/** The one it is in, maybe as another container's guest. Undefined: the host's network, or that container has ended. */
function sandboxOf({ index }: ContainerContext, { sandbox, sharedNetwork }: ContainerRun): Sandbox | undefined {
  if (sandbox !== undefined || sharedNetwork === undefined) return sandbox;
  return index.values().find(({ run }) => run?.sandbox?.path === sharedNetwork.path)?.run?.sandbox;
}

/**
 * Connects to those TCP ports that were not `reached` yet, and notes those that are, if there is a network to come
 * from.
 */
async function dialAll(
  sandbox: Sandbox | undefined,
  ports: readonly ContainerPort[],
  { run, reached }: { readonly run: ContainerRun; readonly reached: Set<ContainerPort> },
): Promise<readonly Unreached[]> {
  const open = ports.filter((port) => port.protocol === "tcp" && !reached.has(port));
  const dials = open.map(async (port) => ({ port, outcome: await sandbox?.dial(port.port, dialTimeoutMs) }));
  // A container that has ended answers nothing, and not before the time is up.
  const ended = run.exited.then(() => open.map((port) => ({ port, outcome: "silent" as const })));
  const outcomes = await Promise.race([Promise.all(dials), ended]);
  return outcomes.flatMap(({ port, outcome }) => {
    if (outcome !== undefined && outcome !== "connected") return [{ port, outcome }];
    if (outcome !== undefined) reached.add(port);
    return [];
  });
}

/** Where the ports are published that were seen to answer. */
function bindingsOf({ ports }: ContainerRun, reached: ReadonlySet<ContainerPort>): readonly PortBinding[] {
  const bindings = ports?.bindings ?? [];
  return bindings.filter((binding) =>
    [...reached].some(({ port, protocol }) => port === binding.containerPort && protocol === binding.protocol),
  );
}

function exited(
  container: Container,
  ports: readonly ContainerPort[],
  { exitCode, isOutOfMemory }: RunOutcome,
): RuncibleError {
  const how = isOutOfMemory ? "was killed: out of memory" : `exited with code ${exitCode}`;
  return new RuncibleError(
    "container-exited",
    `wait for ports ${ports.map(formatPortKey).join(", ")}: container ${container.name} ${how}`,
    { evidence: { exitCode, isOutOfMemory } },
  );
}
