import type { EngineClient } from "../../client/client";
import { RuncibleError } from "../../internal/errors";
import type { ContainerInspect } from "../../wire/container";
import type { AwaitService } from "../plan/operation";

const linesShown = 20;

/** Resolves when every container of a service is as another one needs it. Throws `container-exited`, `start-failed`. */
export async function awaitService(client: EngineClient, wait: AwaitService, signal: AbortSignal): Promise<void> {
  const waitForOne = wait.condition === "completed" ? awaitCompletion : awaitHealth;
  await Promise.all(wait.containers.map((name) => waitForOne(client, name, wait, signal)));
}

async function awaitCompletion(
  client: EngineClient,
  name: string,
  { service }: AwaitService,
  signal: AbortSignal,
): Promise<void> {
  const { StatusCode } = await client.containers.wait(name, signal);
  if (StatusCode === 0) return;
  throw await containerFailure(client, name, `wait for service ${service}: ${name} ended with exit code ${StatusCode}`);
}

async function awaitHealth(
  client: EngineClient,
  name: string,
  { service, condition }: AwaitService,
  outer: AbortSignal,
): Promise<void> {
  const done = new AbortController();
  const signal = AbortSignal.any([outer, done.signal]);
  // The event stream does not keep the process alive; whoever waits here wants it to.
  const hold = setInterval(() => {}, 2 ** 30);
  try {
    // Subscribed before looking, so that nothing happens in between unseen.
    const filters = new Map([
      ["type", ["container"]],
      ["container", [name]],
    ]);
    const events = await client.events.subscribe({ filters, signal });
    if (await isReady(client, name, service, condition)) return;
    for await (const { Action } of events) {
      const isNews = Action.startsWith("health_status") || Action === "die" || Action === "destroy";
      if (isNews && (await isReady(client, name, service, condition))) return;
    }
  } catch (error) {
    if (outer.aborted) throw new RuncibleError("aborted", `wait for service ${service}: cancelled`, { cause: error });
    throw error;
  } finally {
    clearInterval(hold);
    done.abort();
  }
  throw new RuncibleError("engine-unreachable", `wait for service ${service}: the engine ended its events`);
}

async function isReady(
  client: EngineClient,
  name: string,
  service: string,
  condition: AwaitService["condition"],
): Promise<boolean> {
  const { State } = await client.containers.inspect(name);
  const health = State.Health?.Status;
  const fail = (reason: string): Promise<RuncibleError> =>
    containerFailure(client, name, `wait for service ${service}: ${name} ${reason}`, State);
  if (!State.Running && !State.Restarting) throw await fail(`ended with exit code ${State.ExitCode}`);
  if (health === "unhealthy") throw await fail("is unhealthy");
  if (health === undefined || health === "none") {
    if (condition === "running_or_healthy") return true;
    throw await fail("has no health check; add healthcheck, or depend on service_started");
  }
  return health === "healthy";
}

/** With what a person needs to see why: the output of the health check, and the last lines of the log. */
export async function containerFailure(
  client: EngineClient,
  name: string,
  message: string,
  state?: ContainerInspect["State"],
): Promise<RuncibleError> {
  const log = await lastLines(client, name).catch(() => []);
  const check = state?.Health?.Log.at(-1)?.Output.trim();
  const shown = log.length === 0 ? "; it logged nothing" : `; its last log lines:\n${log.join("\n")}`;
  const isRunning = state?.Running === true;
  const checked = check === undefined || check === "" ? "" : ` (its health check says: ${check})`;
  return new RuncibleError(isRunning ? "start-failed" : "container-exited", `${message}${checked}${shown}`, {
    evidence: { container: name, exitCode: state?.ExitCode, log },
  });
}

async function lastLines(client: EngineClient, name: string): Promise<readonly string[]> {
  let text = "";
  for await (const chunk of await client.containers.logs(name, { tail: linesShown })) text += chunk;
  return text.trimEnd() === "" ? [] : text.trimEnd().split(/\r?\n/);
}
