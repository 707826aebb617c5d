import { cp } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { busyboxImage } from "../../integration/api/busybox-image";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { processesOf } from "../../support/leaks/processes";
import { nodeOfNpm } from "../../support/program-of-npm";
import { type InstalledPackage, installPackage } from "../packaging/installed-package";

/** The oldest that package.json allows, and the newest of each line that is maintained. */
const versions = ["20.18.0", "20.20.2", "22.23.3", "24.21.0"];

let installed: InstalledPackage;
beforeAll(async () => {
  installed = await installPackage();
  await cp(join(__dirname, "consumer"), installed.folder, { recursive: true });
});
afterAll(() => installed?.[Symbol.asyncDispose]());

describe.each(versions)("under Node %s", (version) => {
  let engine: TestEngine;
  let node: string;

  /** Rejects when it fails or does not end by itself. */
  async function output(...args: readonly string[]): Promise<string> {
    const env = { ...process.env, IMAGE: await busyboxImage() };
    return (await run(node, args, { cwd: installed.folder, env, timeoutMs: 120_000 })).stdout;
  }

  const command = (...args: readonly string[]): Promise<string> =>
    output(join(installed.folder, "node_modules/runcible/build/cli/main.js"), ...args);

  beforeAll(async () => {
    engine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_HOST: "", RUNCIBLE_IDLE_SECONDS: "600" });
    node = await nodeOfNpm(version);
    // Whoever comes first starts the engine, with the Node that it runs itself.
    await run(node, ["-e", `require("runcible").getContainerRuntimeClient()`], { cwd: installed.folder });
  });
  afterAll(() => engine?.[Symbol.asyncDispose]());

  test("the engine runs with it", async () => {
    const commands = (await processesOf(engine.stateFolder)).map(({ key }) => key).join("\n");

    expect(commands).toContain(`${node} `);
    expect(commands).not.toContain(`${process.execPath} `);
  });

  test.each(["use.cjs", "use.mjs"])(
    "%s uses containers, a network and compose, and leaves nothing open",
    async (file) => {
      expect(JSON.parse(await output(file))).toEqual({
        node: `v${version}`,
        containers: { outside: "hello\n", inside: "hello\n", lines: "ready\n" },
        compose: { output: "here\n" },
        open: [],
      });
    },
  );

  test("the command runs: version and doctor", async () => {
    expect(await command("version")).toMatch(/^runcible \d/);
    const checks = JSON.parse(await command("doctor", "--json")) as readonly object[];
    expect(checks).toContainEqual(expect.objectContaining({ name: "node", state: "found", detail: version }));
  });
});
