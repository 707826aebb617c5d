import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from "vitest";
import { GenericContainer } from "../../../src/index";
import { deferred } from "../../../src/internal/deferred";
import { packContext } from "../../support/build/pack-context";
import type { TestEngine } from "../../support/engine";
import { waitUntil } from "../../support/wait-until";
import { startEngine } from "./engine-with-image";

let engine: TestEngine;
const mebibyte = 1024 * 1024;

beforeAll(async () => {
  engine = await startEngine({ RUNCIBLE_MEMORY: "100m", RUNCIBLE_MEMORY_WAIT_SECONDS: "100" });
});
afterAll(() => engine[Symbol.asyncDispose]());

/** What a test that failed left would take the memory of the next one. */
afterEach(async () => {
  const { containers } = engine.client;
  for (const { Id } of await containers.list({ all: true })) await containers.remove(Id, { force: true });
});

async function create(script: string, mebibytes: number, RestartPolicy = { Name: "no" }): Promise<string> {
  const { Id } = await engine.client.containers.create({
    Image: "bb:latest",
    Cmd: ["sh", "-c", script],
    HostConfig: { Memory: mebibytes * mebibyte, Binds: ["queue:/shared"], RestartPolicy },
  });
  return Id;
}

async function nameOf(id: string): Promise<string> {
  return (await engine.client.containers.inspect(id)).Name.slice(1);
}

async function logged(pattern: RegExp, times = 1): Promise<boolean> {
  const lines = (): Promise<string> => readFile(join(engine.stateFolder, "engine.log"), "utf8");
  const all = new RegExp(pattern, "g");
  return await waitUntil(async () => [...(await lines()).matchAll(all)].length >= times, 30_000);
}

test("containers that may take more than there is all run in the end, never more at once than fit", async () => {
  const { containers, volumes } = engine.client;
  const { Mountpoint } = await volumes.create({ Name: "queue" });
  // None ends before all have asked.
  const script = `touch /shared/$HOSTNAME; until test -e /shared/go; do sleep 0.1; done; sleep 0.2
    ls /shared | grep -vc go; rm /shared/$HOSTNAME`;
  const ids = await Promise.all(Array.from({ length: 8 }, () => create(script, 30)));
  const running = Promise.all(
    ids.map(async (id) => {
      await containers.start(id);
      const { StatusCode } = await containers.wait(id);
      const atOnce = Number(await text(await containers.logs(id)));
      const { State } = await containers.inspect(id);
      await containers.remove(id);
      return { StatusCode, atOnce, waitedMs: State.RuncibleMemoryWaitMs };
    }),
  );
  running.catch(() => {});
  // The first of those that wait says so; the others are behind it.
  expect(await logged(/start waits for memory .*needs="30 MiB"/)).toBe(true);
  await engine.client.system.info();
  onTestFinished(() => rm(join(Mountpoint, "go"), { force: true }));
  await writeFile(join(Mountpoint, "go"), "");
  const outcomes = await running;
  expect(outcomes.map(({ StatusCode }) => StatusCode)).toEqual(Array.from({ length: 8 }, () => 0));
  expect(Math.max(...outcomes.map(({ atOnce }) => atOnce))).toBeLessThanOrEqual(3);
  expect(outcomes.filter(({ waitedMs = 0 }) => waitedMs > 0).length).toBeGreaterThanOrEqual(5);
});

test("one that may take more than all there is runs alone", async () => {
  const { containers } = engine.client;
  const id = await create("true", 200);
  await containers.start(id);
  expect((await containers.wait(id)).StatusCode).toBe(0);
  await containers.remove(id);
});

test("one that waits can be stopped and removed", async () => {
  const { containers } = engine.client;
  const first = await create("exec sleep 1000", 90);
  await containers.start(first);
  const [stopped, removed] = [await create("true", 20), await create("true", 20)];
  const starts = Promise.allSettled([stopped, removed].map((id) => containers.start(id)));
  const { Name } = await containers.inspect(stopped);
  expect(await logged(new RegExp(`start waits for memory container=${Name.slice(1)} `))).toBe(true);
  await containers.stop(stopped);
  await containers.remove(removed, { force: true });
  const failures = (await starts).map((start) =>
    start.status === "rejected" ? String(start.reason.message) : "started",
  );
  expect(failures[0]).toContain("stopped while it waited for memory");
  expect(failures[1]).not.toBe("started");
  for (const id of [first, stopped]) await containers.remove(id, { force: true });
});

test("a start that fails after a wait says how long it was", async () => {
  const { containers } = engine.client;
  const first = await create("exec sleep 1000", 90);
  await containers.start(first);
  const second = new GenericContainer("bb:latest").withResourcesQuota({ memory: 0.02 }).withEntrypoint(["/no/such"]);
  const failed = expect(second.withName("waits-in-vain").start()).rejects.toThrow(
    /no such file or directory.*waited \d+\.\d s for memory/s,
  );
  expect(await logged(/start waits for memory container=waits-in-vain /)).toBe(true);
  await containers.remove(first, { force: true });
  await failed;
});

test("a container that is restarted, by its policy or by hand, keeps its place", async () => {
  const { containers } = engine.client;
  const first = await create("sleep 0.1; exit 1", 90, { Name: "always" });
  await containers.start(first);
  const second = await create("exec sleep 1000", 20);
  const start = containers.start(second);
  expect(await logged(new RegExp(`start waits for memory container=${await nameOf(second)} `))).toBe(true);

  // The pauses between its runs grow, up to longer than anybody who waits would wait.
  expect(await waitUntil(async () => (await containers.inspect(first)).RestartCount >= 4, 30_000)).toBe(true);
  await containers.restart(first, { timeoutSeconds: 0 });
  expect((await containers.inspect(second)).State.Status).toBe("created");

  await containers.remove(first, { force: true });
  await start;
  await containers.remove(second, { force: true });
});

test("a container that does not run waits for memory when it is restarted, and can be stopped meanwhile", async () => {
  const { containers } = engine.client;
  const again = await create("true", 20);
  await containers.start(again);
  await containers.wait(again);
  const first = await create("exec sleep 1000", 90);
  await containers.start(first);

  const restart = containers.restart(again).then(() => "restarted", String);
  expect(await logged(new RegExp(`start waits for memory container=${await nameOf(again)} `))).toBe(true);
  await containers.stop(again).catch(() => {});
  expect(await restart).toContain("stopped while it waited for memory");

  for (const id of [first, again]) await containers.remove(id, { force: true });
});

test("what a step of a build may take is not free for containers, and the step itself does not wait", async () => {
  const { build, containers } = engine.client;
  const first = await create("exec sleep 1000", 90);
  await containers.start(first);
  const begun = deferred();
  const cancel = new AbortController();
  const built = build.image({
    context: packContext({ Dockerfile: "FROM bb:latest\nRUN echo step-runs; sleep 1000" }),
    signal: cancel.signal,
    onProgress: ({ stream = "" }) => {
      if (/^step-runs/m.test(stream)) begun.resolve();
    },
  });
  const ended = expect(built).rejects.toThrow();
  await begun.promise;
  await containers.remove(first, { force: true });
  const second = await create("true", 20);
  const start = containers.start(second);
  expect(await logged(new RegExp(`start waits for memory container=${await nameOf(second)} `))).toBe(true);
  cancel.abort();
  await ended;
  await start;

  expect(await logged(new RegExp(`waited \\d+\\.\\d s for memory container=${await nameOf(second)}`))).toBe(true);
  await containers.remove(second, { force: true });
});
