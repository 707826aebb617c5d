import { expect, test } from "vitest";
import type { EngineClient } from "../../../src/client/client";
import { waitUntil } from "../../support/wait-until";
import { useEngineWithImage } from "./engine-with-image";

const engine = useEngineWithImage();

type Body = Parameters<EngineClient["containers"]["create"]>[0];

async function start(script: string, body: Partial<Body> = {}): Promise<string> {
  const { containers } = engine.client;
  const { Id } = await containers.create({ Image: "bb:latest", Cmd: ["sh", "-c", script], ...body });
  await containers.start(Id);
  return Id;
}

type State = Awaited<ReturnType<EngineClient["containers"]["inspect"]>>["State"];

async function stateOf(id: string): Promise<State> {
  return (await engine.client.containers.inspect(id)).State;
}

test("a container in the pid namespace of others ends with its first process, and takes its children along", async () => {
  const id = await start("sleep 4321 & exec sleep 0.2", { HostConfig: { PidMode: "host" } });

  expect((await engine.client.containers.wait(id)).StatusCode).toBe(0);

  expect((await stateOf(id)).Status).toBe("exited");
  await engine.client.containers.remove(id);
});

test("a container that is removed when it ends is not removed by a restart", async () => {
  const id = await start("sleep 1000", { HostConfig: { AutoRemove: true } });

  await engine.client.containers.restart(id, { timeoutSeconds: 0 });

  expect((await stateOf(id)).Status).toBe("running");
  await engine.client.containers.remove(id, { force: true });
});

const often = { Interval: 50_000_000, Retries: 1 };

test("nothing is asked of a container while it is paused", async () => {
  const id = await start("sleep 1000", { Healthcheck: { Test: ["CMD", "true"], ...often } });
  const isHealthy = async (): Promise<boolean> => (await stateOf(id)).Health?.Status === "healthy";
  expect(await waitUntil(isHealthy, 30_000)).toBe(true);
  await engine.client.containers.pause(id);
  // One that was under way at the pause ends after it; then the log stands still.
  let last = "";
  const stands = async (): Promise<boolean> => {
    const before = last;
    // An exec is refused at once while it is paused, and takes its time: three checks would have come by then.
    for (let round = 0; round < 30; round++) await engine.client.exec.create(id, { Cmd: ["true"] }).catch(() => {});
    last = JSON.stringify((await stateOf(id)).Health);
    return last === before;
  };
  expect(await waitUntil(stands, 30_000)).toBe(true);

  await engine.client.containers.unpause(id);

  expect(await isHealthy()).toBe(true);
  await engine.client.containers.remove(id, { force: true });
});

test("a check that takes longer than its time is ended, also when the time is up before it runs", async () => {
  const Healthcheck = { Test: ["CMD", "sleep", "1000"], ...often, Timeout: 1_000_000 };
  const id = await start("sleep 1000", { Healthcheck });

  const isUnhealthy = async (): Promise<boolean> => (await stateOf(id)).Health?.Status === "unhealthy";

  expect(await waitUntil(isUnhealthy, 30_000)).toBe(true);
  await engine.client.containers.remove(id, { force: true });
});

test("a container that ends while it is to be paused is said not to run", async () => {
  for (let round = 0; round < 10; round++) {
    const id = await start(`sleep 0.0${round}`);
    const failure = await engine.client.containers.pause(id).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure !== undefined) expect(failure).toMatchObject({ code: "container-not-running" });
    await engine.client.containers.remove(id, { force: true });
  }
});
