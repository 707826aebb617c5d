import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../../../src/client/connect";
import { killIfThere } from "../../../src/internal/kill-if-there";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { emptySnapshot, expectNothingLeft, takeSteadySnapshot } from "../../support/leaks";
import { processesOf } from "../../support/leaks/processes";
import { type FaultProxy, startFaultProxy } from "../../support/registry/fault-proxy";
import { noiseLayer, pushLayers } from "../../support/registry/layered-image";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";
import { waitUntil } from "../../support/wait-until";

let registry: TestRegistry;
let proxy: FaultProxy;
let engine: TestEngine;

beforeAll(async () => {
  registry = await startRegistry();
  await pushLayers(registry, "library/big:1", [noiseLayer("first", 2_000_000), noiseLayer("second", 2_000_000)]);
  // Every layer stops in its middle: whatever is killed then is in the middle of a pull and of an unpacking.
  proxy = await startFaultProxy({
    url: registry.url,
    fault: ({ path }) => (path.includes("/blobs/") ? { kind: "stall", afterBytes: 1_000_000 } : undefined),
  });
  engine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_HOST: "", RUNCIBLE_IDLE_SECONDS: "600" });
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

const pullScript = (image: string): string => `
  const { GenericContainer } = require("./build/index.js");
  new GenericContainer(${JSON.stringify(image)}).start();
`;

/** A test process in the middle of a pull: a layer is being unpacked from what has come so far. */
async function processInPull(): Promise<ReturnType<typeof spawn>> {
  const child = spawn(process.execPath, ["-e", pullScript(`${proxy.host}/library/big:1`)], {
    env: engine.env,
    stdio: "ignore",
  });
  expect(await waitUntil(async () => (await unfinishedLayers()).length > 0, 30_000)).toBe(true);
  return child;
}

async function unfinishedLayers(): Promise<readonly string[]> {
  const names = await readdir(join(engine.stateFolder, "layers")).catch(() => []);
  return names.filter((name) => name.startsWith("unfinished"));
}

test("a test process that is killed in the middle of a pull leaves no process and no half layer", async () => {
  const { client } = await connect();
  client.close();
  const before = await takeSteadySnapshot({ stateFolder: engine.stateFolder });
  const child = await processInPull();
  child.kill("SIGKILL");
  await once(child, "exit");
  await expectNothingLeft(before, 1_000);
  expect(await waitUntil(async () => (await unfinishedLayers()).length === 0, 30_000)).toBe(true);
});

test("an engine that is killed in the middle of a pull leaves only files, which the next start removes", async () => {
  const child = await processInPull();
  // Stopped, as it would start another engine.
  child.kill("SIGSTOP");
  for (const { pid, key } of await processesOf(engine.stateFolder)) {
    if (/\) \S*node .*engine\/main\.js$/.test(key)) killIfThere(pid, "SIGKILL");
  }
  child.kill("SIGKILL");
  await expectNothingLeft(emptySnapshot(engine.stateFolder), 1_000);
  const { client } = await connect();
  expect(await unfinishedLayers()).toEqual([]);
  expect(await readdir(join(engine.stateFolder, "images/blobs/partial"))).toEqual([]);
  expect(await client.images.list()).toEqual([]);
  client.close();
});
