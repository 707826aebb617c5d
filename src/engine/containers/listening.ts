import { setTimeout as delay } from "node:timers/promises";
import { RuncibleError } from "../../internal/errors";
import { longestTimerMs } from "../../internal/longest-timer";
import type { RunOutcome } from "../../runtime/container";
import { type ListeningPort, listeningPorts } from "../../runtime/network/ports/listening";
import { type ContainerPort, formatPortKey } from "../../wire/ports";
import type { WaitForListeningOptions } from "../routes/container-service";
import type { Container } from "./container";
import { runOf } from "./find";

/** Reading a table of the kernel costs well under a millisecond, so look often at first. */
const shortestPauseMs = 1;
const pauseGrowth = 1.2;
const longestPauseMs = 100;
/** `ContainerService.waitForListening`: asks the kernel, not the service; needs no program in the image. */
export async function waitForListening(container: Container, options: WaitForListeningOptions): Promise<void> {
  const run = runOf(container);
  const deadline = AbortSignal.timeout(Math.min(options.timeoutMs, longestTimerMs));
  const signal = AbortSignal.any([deadline, options.signal]);
  let outcome: RunOutcome | undefined;
  // The container's record learns of it only later.
  void run.exited.then((ended) => {
    outcome = ended;
  });
  const silentAmong = (listening: readonly ListeningPort[]): readonly ContainerPort[] =>
    silentPorts(container, options.ports, listening);
  for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(pauseMs * pauseGrowth, longestPauseMs)) {
    if (outcome !== undefined) throw exited(container, options.ports, outcome);
    const listening = await listeningPorts(run.process.pid, (found) => silentAmong(found).length === 0);
    const silent = silentAmong(listening);
    if (silent.length === 0) return;
    if (options.signal.aborted) throw new RuncibleError("aborted", `wait for ports of ${container.name}: cancelled`);
    if (deadline.aborted) throw tooLate(container, silent, listening, options.timeoutMs);
    // Whatever ends the pause early is looked at above.
    await Promise.race([delay(pauseMs, undefined, { signal }).catch(() => {}), run.exited]);
  }
}

/** Loopback will not do, except where it is the host's own. */
function silentPorts(
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

function isSame(one: ContainerPort, other: ContainerPort): boolean {
  return one.port === other.port && one.protocol === other.protocol;
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

function tooLate(
  container: Container,
  silent: readonly ContainerPort[],
  listening: readonly ListeningPort[],
  timeoutMs: number,
): RuncibleError {
  const ports = silent.map(formatPortKey).join(", ");
  // What else listens on the host is no container's business.
  const own = isOnHost(container) ? [] : listening;
  const open = own.filter(({ isLoopbackOnly, protocol }) => !isLoopbackOnly && protocol === "tcp");
  const loopbackOnly = silent.filter((port) => listening.some((socket) => isSame(port, socket)));
  return new RuncibleError(
    "wait-timeout",
    `wait for ports: nothing in container ${container.name} listened on ${ports} within ${timeoutMs} ms; check the port, and that the service listens on 0.0.0.0 rather than 127.0.0.1`,
    {
      evidence: {
        ports,
        listening: [...new Set(open.map(formatPortKey))],
        loopbackOnly: loopbackOnly.map(formatPortKey),
      },
    },
  );
}
