import { afterEach, beforeAll, expect, test } from "vitest";
import { GenericContainer } from "../../../src/index";
import { run } from "../../../src/internal/exec";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { waitUntil } from "../../support/wait-until";
import { prune, reusableOn, startWorker, type Worker } from "./reusing-workers";

// Containers that several processes share, and that outlive them.

const idleSeconds = 3;
const engine = useNewEngineOfThisFile({ RUNCIBLE_REUSE_IDLE_SECONDS: String(idleSeconds) });
let image: string;
beforeAll(async () => {
  image = await busyboxImage();
});

const workers = new Set<Worker>();

function newWorker(): Worker {
  const worker = startWorker(image);
  workers.add(worker);
  return worker;
}

afterEach(async () => {
  await Promise.all([...workers].map((worker) => worker.kill()));
  expect(await waitUntil(async () => (await reusable()).length === 0, 20_000)).toBe(true);
});

const reusable = (): Promise<readonly string[]> => reusableOn(engine);

/** Bytes of what the engine keeps; its log goes on. */
async function diskUsage(): Promise<number> {
  // A layer's record loses its mark once the layer has reached the disk, at a time of its own.
  const exclude = ["engine.log", "layer.json"].map((name) => `--exclude=${name}`);
  const { stdout } = await run("du", ["--summarize", "--bytes", ...exclude, engine.stateFolder]);
  return Number(stdout.split("\t")[0]);
}

test("pain 10: of fifty processes that ask at once, twenty times, one makes the container, and all get it when it is ready", async () => {
  const all = Array.from({ length: 50 }, newWorker);

  for (let round = 0; round < 20; round++) {
    // One byte of what is copied in is another one each time.
    const shared = await Promise.all(all.map((worker) => worker.ask(String.fromCodePoint(97 + round))));

    // Whoever got it unfinished has no id, but the failure that its file is missing.
    expect([...new Set(shared.map(({ id }) => id))]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect(shared.filter(({ isMaker }) => isMaker)).toHaveLength(1);
    expect(await reusable()).toHaveLength(round + 1);
  }
});

test("pain 11: what somebody uses is never collected, what nobody uses goes after a while, and the disk is as before", async () => {
  // What an image needs to be used at all is not the container's.
  await (await new GenericContainer(image).withCommand(["sleep", "600"]).start()).stop();
  const before = await diskUsage();
  const user = newWorker();
  const used = await user.ask("used");
  const leaver = newWorker();
  for (const content of ["one", "two", "three"]) await leaver.ask(content);
  expect(await reusable()).toHaveLength(4);
  expect(await diskUsage()).toBeGreaterThan(before);

  await leaver.kill();

  expect(await waitUntil(async () => (await reusable()).length === 1, 20_000)).toBe(true);
  expect(await prune()).toEqual([]);
  expect(await reusable()).toEqual([used.id]);
  await user.kill();
  expect(await waitUntil(async () => (await reusable()).length === 0, 20_000)).toBe(true);
  expect(await waitUntil(async () => (await diskUsage()) === before, 10_000)).toBe(true);
});

test("pain 11: a container that stopped is found again and started, by the next that asks", async () => {
  const first = newWorker();
  const { id } = await first.ask("stopped");
  await engine.client.containers.kill(id);
  await engine.client.containers.wait(id);

  const again = await newWorker().ask("stopped");

  expect(again).toEqual({ id, isMaker: false });
  expect((await engine.client.containers.inspect(id)).State.Running).toBe(true);
});
