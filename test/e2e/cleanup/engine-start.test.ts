import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { connect } from "../../../src/client/connect";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { processesOf } from "../../support/leaks/processes";
import { waitUntil } from "../../support/wait-until";

const open: TestEngine[] = [];

afterEach(async () => {
  for (const engine of open.splice(0).reverse()) await engine[Symbol.asyncDispose]();
});

async function testEngine(settings: Readonly<Record<string, string>> = {}): Promise<TestEngine> {
  const engine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_HOST: "", ...settings });
  open.push(engine);
  return engine;
}

const connectScript = `
  require("./build/client/connect.js").connect()
    .then(({ client }) => client.system.runcibleInfo())
    .then(({ InstanceId }) => { process.stdout.write(InstanceId); process.exit(0); });
`;

test("fifty processes at once get one engine", async () => {
  const engine = await testEngine();
  const execute = promisify(execFile);
  const starts = Array.from({ length: 50 }, () =>
    execute(process.execPath, ["-e", connectScript], { env: engine.env }),
  );
  const instances = (await Promise.all(starts)).map(({ stdout }) => stdout);
  expect(new Set(instances).size).toBe(1);
  expect(instances[0]).toMatch(/^[0-9a-f]{16}$/);
});

test("an engine that nobody uses leaves by itself", async () => {
  const engine = await testEngine({ RUNCIBLE_IDLE_SECONDS: "1" });
  const { client } = await connect();
  client.close();
  expect(await waitUntil(async () => (await processesOf(engine.stateFolder)).length === 0, 30_000)).toBe(true);
});

test("stop-engine says that the engine is stopped when nothing of it is left", async () => {
  const engine = await testEngine();
  (await connect()).client.close();
  const { stdout } = await promisify(execFile)(process.execPath, ["build/cli/main.js", "stop-engine"], {
    env: engine.env,
  });
  expect(await processesOf(engine.stateFolder)).toEqual([]);
  expect(stdout).toBe("engine stopped\n");
});

test("engines of two state folders run side by side", async () => {
  await testEngine();
  const first = await (await connect()).client.system.runcibleInfo();
  await testEngine();
  const second = await (await connect()).client.system.runcibleInfo();
  expect(second?.InstanceId).toMatch(/^[0-9a-f]{16}$/);
  expect(second?.InstanceId).not.toBe(first?.InstanceId);
});
