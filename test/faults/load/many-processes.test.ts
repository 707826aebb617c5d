import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../../../src/client/connect";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { type FaultProxy, startFaultProxy } from "../../support/registry/fault-proxy";
import { busyboxLayer, noiseLayer, pushLayers } from "../../support/registry/layered-image";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";
import { expectNoMoreThan, settledHoldings } from "../support/machine";

const count = 50;

let registry: TestRegistry;
let proxy: FaultProxy;
let engine: TestEngine;

beforeAll(async () => {
  registry = await startRegistry();
  await pushLayers(registry, "app:1", [await busyboxLayer(), noiseLayer("noise", 2_000_000)]);
  proxy = await startFaultProxy({ url: registry.url });
  engine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_HOST: "", RUNCIBLE_IDLE_SECONDS: "600" });
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

const script = (image: string): string => `
  const { GenericContainer } = require("./build/index.js");
  async function main() {
    const container = await new GenericContainer(${JSON.stringify(image)}).withCommand(["/busybox", "sleep", "100"]).start();
    const { output } = await container.exec(["/busybox", "hostname"]);
    await container.stop();
    process.stdout.write(output.trim());
  }
  main();
`;

test(`${count} processes that pull and start the same image at once share one pull and leave nothing`, async () => {
  const { client } = await connect();
  // The first container of an engine makes its cgroup, which stays until its end.
  await client.images.buildHostImage({ Name: "host/busybox:local", Executables: ["busybox"], Config: {} });
  const { Id } = await client.containers.create({ Image: "host/busybox:local", Cmd: ["busybox", "sleep", "60"] });
  await client.containers.start(Id);
  await client.containers.remove(Id, { force: true });
  client.close();
  const idle = await settledHoldings(engine.stateFolder);
  const execute = promisify(execFile);

  const runs = Array.from({ length: count }, () =>
    execute(process.execPath, ["-e", script(`${proxy.host}/app:1`)], { env: engine.env }),
  );
  const hostnames = (await Promise.all(runs)).map(({ stdout }) => stdout);

  expect(new Set(hostnames).size).toBe(count);
  const blobs = proxy.seen.filter(({ method, path }) => method === "GET" && path.includes("/blobs/"));
  expect(new Set(blobs.map(({ path }) => path)).size).toBe(3);
  // Layers come once; of a config, which is a few hundred bytes, each pull may ask for itself.
  const layerBytes = [...proxy.sent.values()].reduce((sum, bytes) => sum + bytes, 0);
  expect(layerBytes).toBeLessThan(5_000_000);
  await expectNoMoreThan(idle, 10_000);
});
