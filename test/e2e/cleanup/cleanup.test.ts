import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../../../src/client/connect";
import { run } from "../../../src/internal/exec";
import { killIfThere } from "../../../src/internal/kill-if-there";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { pushTestImage } from "../../support/images";
import { expectNothingLeft, type Snapshot, takeSnapshot, takeSteadySnapshot } from "../../support/leaks";
import { readCgroups } from "../../support/leaks/cgroups";
import { processesOf } from "../../support/leaks/processes";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";
import { rootTest } from "../../support/run-as";
import { useContainers } from "./use-containers";

/** What the issue promises. */
const limitMs = 1_000;
const folderNames = ["containers", "volumes", "networks", "images/blobs/partial"];

let registry: TestRegistry;
let engine: TestEngine;
let image: string;
let folders: readonly string[];

beforeAll(async () => {
  registry = await startRegistry();
  image = await pushTestImage(registry, "redis");
  engine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_HOST: "", RUNCIBLE_IDLE_SECONDS: "600" });
  folders = folderNames.map((name) => join(engine.stateFolder, name));
  for (const folder of folders) await mkdir(folder, { recursive: true });
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

/** With an engine that idles: its own processes, mounts and links belong to it. */
async function idleEngine(): Promise<Snapshot> {
  const warm = useContainers(engine.env, image, "stop");
  await warm.ended;
  const { client } = await connect({ ...engine.env });
  client.close();
  return await takeSteadySnapshot({ stateFolder: engine.stateFolder, folders });
}

async function killEngine(pattern: RegExp): Promise<void> {
  const victims = (await processesOf(engine.stateFolder)).filter(({ key }) => pattern.test(key));
  expect(victims.length).toBeGreaterThan(0);
  for (const { pid } of victims) killIfThere(pid, "SIGKILL");
}

/** From now on; what a test process makes before its container. A promise in a promise would be waited for. */
async function nextNetwork(): Promise<() => Promise<void>> {
  const watch = new AbortController();
  const filters = new Map([
    ["type", ["network"]],
    ["event", ["create"]],
  ]);
  const events = await engine.client.events.subscribe({ filters, signal: watch.signal });
  return async () => {
    for await (const _event of events) break;
    watch.abort();
  };
}

test.each(["stop", "exit", "throw"] as const)("nothing is left when a test process ends by %s", async (end) => {
  const before = await idleEngine();
  await useContainers(engine.env, image, end).ended;
  await expectNothingLeft(before, limitMs);
});

test("nothing is left when the test process is killed", async () => {
  const before = await idleEngine();
  const { child, ready } = useContainers(engine.env, image, "hang");
  await ready;
  child.kill("SIGKILL");
  await expectNothingLeft(before, limitMs);
});

test("nothing is left when the test process is killed while it creates and starts", async () => {
  const before = await idleEngine();
  // Somewhere between its first call and a container that runs: each place must do.
  for (const delayMs of [0, 5, 10, 20, 40, 80]) {
    const hasNetwork = await nextNetwork();
    const { child, ended } = useContainers(engine.env, image, "hang");
    await hasNetwork();
    setTimeout(() => child.kill("SIGKILL"), delayMs);
    await ended;
  }
  await expectNothingLeft(before, limitMs);
});

test.each([
  ["node process", /\) \S*node .*engine\/main\.js$/],
  ["first process", /\) \/bin\/sh -c "\$0"/],
  ["namespace holder", /\) unshare /],
])("only folders are left when the engine's %s is killed, and the next start clears those", async (_what, pattern) => {
  const before = await idleEngine();
  const { child, ready, ended } = useContainers(engine.env, image, "hang");
  await ready;
  await killEngine(pattern);
  await expectNothingLeft(nothing(), limitMs);
  child.kill("SIGKILL");
  await ended;
  await expectCleanFolders(before);
});

test("only folders are left when test process and engine are killed together", async () => {
  const before = await idleEngine();
  const { child, ready } = useContainers(engine.env, image, "hang");
  await ready;
  child.kill("SIGKILL");
  await killEngine(/\) \S*node .*engine\/main\.js$/);
  await expectNothingLeft(nothing(), limitMs);
  await expectCleanFolders(before);
});

test("with the supervisor killed too, only empty cgroups stay until the next start", async () => {
  const before = await idleEngine();
  const { child, ready } = useContainers(engine.env, image, "hang");
  await ready;
  child.kill("SIGKILL");
  await killEngine(/./);
  const cgroups = (await takeSnapshot({ stateFolder: engine.stateFolder })).things.cgroups;
  await expectNothingLeft({ ...nothing(), things: { ...nothing().things, cgroups } }, limitMs);
  await expectCleanFolders(before);
});

// The last one: it removes the state folder.
rootTest("after a reset not even the cgroups are left", "an ordinary user has none", async () => {
  await idleEngine();
  const { child, ready } = useContainers(engine.env, image, "hang");
  await ready;
  const id = (await readFile(join(engine.stateFolder, "engine-id"), "utf8")).trim();
  child.kill("SIGKILL");
  await killEngine(/./);
  expect(await readCgroups(id)).not.toEqual([]);

  await run(process.execPath, ["build/cli/main.js", "reset", "--force"], { env: engine.env });

  expect(await readCgroups(id)).toEqual([]);
});

/** The next engine starts, is used once, and then looks like the first. */
async function expectCleanFolders(before: Snapshot): Promise<void> {
  const after = await idleEngine();
  expect([...after.things.folders].sort()).toEqual([...before.things.folders].sort());
  expect(after.things.cgroups.size).toBe(before.things.cgroups.size);
}

/** Not even an engine. */
function nothing(): Snapshot {
  const none = new Set<string>();
  const things = { processes: none, mounts: none, links: none, firewall: none, cgroups: none, folders: none };
  return { options: { stateFolder: engine.stateFolder }, things: { ...things, "network namespaces": none } };
}
