import type { EngineClient } from "../../client/client";
import { isRuncibleError, messageOf, RuncibleError } from "../../internal/errors";
import type { ContainerInspect } from "../../wire/container";
import { lastLogLines } from "./last-log-lines";

export interface FailedStart {
  readonly engine: EngineClient;
  readonly containerId: string;
  readonly image: string;
  readonly startedAtMs: number;
  readonly error: unknown;
}

const linesShown = 20;

/** Everything a person needs to see why: looked up before the container is removed. Never throws. */
export async function startFailure(failed: FailedStart): Promise<RuncibleError> {
  const { engine, containerId, image, startedAtMs, error } = failed;
  const [inspect, lines] = await Promise.all([
    engine.containers.inspect(containerId).catch(() => undefined),
    lastLogLines(engine, containerId, linesShown).catch(() => []),
  ]);
  const name = inspect?.Name.replace(/^\//, "") ?? containerId.slice(0, 12);
  const elapsedMs = Date.now() - startedAtMs;
  const state = inspect === undefined ? undefined : describeState(inspect.State);
  const facts = [`after ${elapsedMs} ms`, ...(state === undefined ? [] : [state])].join(", ");
  const log = lines.length === 0 ? "; it logged nothing" : `; its last log lines:\n${lines.join("\n")}`;
  return new RuncibleError("start-failed", `start container ${name} (${image}): ${messageOf(error)} (${facts})${log}`, {
    cause: error,
    evidence: {
      ...(isRuncibleError(error) ? error.evidence : {}),
      image,
      container: name,
      elapsedMs,
      exitCode: inspect?.State.ExitCode,
      isOutOfMemory: inspect?.State.OOMKilled,
      log: lines,
    },
  });
}

function describeState({ Status, OOMKilled, ExitCode }: ContainerInspect["State"]): string {
  if (OOMKilled) return "killed: out of memory";
  return Status === "running" ? "it still ran" : `${Status}, exit code ${ExitCode}`;
}
