import { constants } from "node:os";
import type { EngineClient } from "../../client/client";
import { describeEndpoint } from "../../client/endpoint";
import { type ErrorCode, isRuncibleError, messageOf, RuncibleError } from "../../internal/errors";
import type { ContainerInspect } from "../../wire/container";
import type { Runtime } from "../runtime/runtime";
import type { WaitState } from "../wait/composite";
import { hasWholeMessage } from "../wait/whole-message";
import { lastLogLines } from "./last-log-lines";
import { describeTimeline, type TimelineEntry } from "./timeline";

export interface FailedStart {
  readonly engine: EngineClient;
  readonly containerId: string;
  readonly image: string;
  readonly startedAtMs: number;
  readonly error: unknown;
  /** How far it came. */
  readonly timeline?: readonly TimelineEntry[];
  /** What was waited for, and what of it was ready. */
  readonly waits?: readonly WaitState[];
  /** The container stays. */
  readonly isKept?: boolean;
}

const linesShown = 20;
/** What Docker puts before the words that matter: layers of its own, and ids nobody has seen. The cause keeps it. */
const preambles: readonly RegExp[] = [
  /^failed to create task for container: .*unable to start container process: /s,
  /^driver failed programming external connectivity on endpoint \S+ \(\w+\): /,
];

/** Where the reason is in Docker's words, which do not say what to do. */
const advices: ReadonlyMap<ErrorCode, string> = new Map<ErrorCode, string>([
  ["executable-not-found", "; check withCommand and withEntrypoint, and what the image has"],
  ["executable-not-permitted", "; it is no program, or not marked as one (chmod +x)"],
  ["network-not-found", "; start a Network, and give it to withNetwork"],
  ["engine-unreachable", "; start it again: an engine of ours that has ended is started anew"],
  ["port-in-use", "; stop what uses it, or let any free port be chosen: withExposedPorts(port)"],
  ["user-unknown", "; use one of the image's users in withUser, or a number"],
]);

/** Everything a person needs to see why: looked up before the container is removed. Never throws. */
export async function startFailure(failed: FailedStart): Promise<RuncibleError> {
  const { engine, containerId, image, startedAtMs, error, timeline = [], waits = [], isKept = false } = failed;
  const [inspect, lines] = await Promise.all([
    engine.containers.inspect(containerId).catch(() => undefined),
    lastLogLines(engine, containerId, linesShown).catch(() => []),
  ]);
  const name = inspect?.Name.replace(/^\//, "") ?? containerId.slice(0, 12);
  const elapsedMs = Date.now() - startedAtMs;
  const reason = preambles.reduce((text, preamble) => text.replace(preamble, ""), messageOf(error));
  const advice = isRuncibleError(error) ? (advices.get(error.code) ?? "") : "";
  const waitedMs = inspect?.State.RuncibleMemoryWaitMs ?? 0;
  const waited =
    waitedMs === 0 || reason.includes("for memory") ? "" : `, waited ${(waitedMs / 1000).toFixed(1)} s for memory`;
  const facts = `after ${elapsedMs} ms${waited}${inspect === undefined ? "" : `, ${describeEnd(inspect.State, lines)}`}`;
  const steps = timeline.length === 0 ? "" : `; ${describeTimeline(timeline)}`;
  const evidence = isRuncibleError(error) ? error.evidence : {};
  const kept = isKept ? `; it is kept: docker --host ${describeEndpoint(engine.endpoint)} logs ${name}` : "";
  return new RuncibleError(
    "start-failed",
    hasWholeMessage(error)
      ? reason
      : `start container ${name} (${image}): ${reason}${advice} (${facts}${steps})${describeWaits(waits)}${kept}${shown(lines)}`,
    {
      cause: error,
      evidence: {
        ...evidence,
        image,
        imageId: inspect?.Image,
        container: name,
        elapsedMs,
        exitCode: inspect === undefined ? undefined : exitCodeOf(inspect.State),
        isOutOfMemory: inspect?.State.OOMKilled,
        log: lines,
        timeline,
        waits,
        isKept,
      },
    },
  );
}

/** What is to be thrown, once the container is gone or taken out of the session. */
export async function giveUpStart(
  { engine, capabilities }: Pick<Runtime, "engine" | "capabilities">,
  failed: Omit<FailedStart, "engine">,
): Promise<RuncibleError> {
  const { containerId, isKept = false } = failed;
  const failure = await startFailure({ ...failed, engine });
  if (!isKept) await engine.containers.remove(containerId, { force: true, volumes: true }).catch(() => {});
  else if (capabilities.has("keep")) await engine.containers.keep(containerId).catch(() => {});
  return failure;
}

/** Of one wait the reason tells all. */
function describeWaits(waits: readonly WaitState[]): string {
  if (waits.length < 2) return "";
  const states = waits.map(({ wait, readyAfterMs }) =>
    readyAfterMs === undefined ? `${wait}: not ready` : `${wait}: ready after ${readyAfterMs} ms`,
  );
  return `; waited for ${states.join(", ")}`;
}

/** Undefined while it runs, and when it never ran, unless an attempt to run it gave one. */
function exitCodeOf({ Status, ExitCode }: ContainerInspect["State"]): number | undefined {
  const hasEnded = Status === "exited" || Status === "dead";
  return hasEnded || (Status === "created" && ExitCode !== 0) ? ExitCode : undefined;
}

function describeEnd(state: ContainerInspect["State"], lines: readonly string[]): string {
  const log = lines.length === 0 ? ", it logged nothing" : "";
  if (state.OOMKilled) return `killed: out of memory${log}`;
  if (state.Status === "running") return `it still ran${log}`;
  if (state.Status !== "created") return `${state.Status}, ${describeExitCode(state.ExitCode)}${log}`;
  return state.ExitCode === 0 ? "it never ran" : `it never ran, exit code ${state.ExitCode}`;
}

/** A program that a signal ends has 128 and the signal's number as its exit code, by every shell's convention. */
function describeExitCode(exitCode: number): string {
  const [name] = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128) ?? [];
  return name === undefined ? `exit code ${exitCode}` : `exit code ${exitCode}: ${name}`;
}

function shown(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `; its last log lines:\n${lines.join("\n")}`;
}
