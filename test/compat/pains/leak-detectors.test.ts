import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runUnchecked } from "../../../src/internal/exec";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { nodeOfNpm } from "../../support/program-of-npm";
import { type InstalledPackage, installPackage, npmInstall } from "../packaging/installed-package";

// What leak detectors find of a test that uses everything, on each line of Node that is maintained.

useNewEngineOfThisFile();
/** The first that finds leaks of the asynchronous kind is newer than our own Vitest. */
const detectingVitest = "vitest@4.1.12";
const jestProgram = join(__dirname, "../../../node_modules/jest/bin/jest.js");
let installed: InstalledPackage;
beforeAll(async () => {
  installed = await installPackage();
  await npmInstall(installed.folder, [detectingVitest]);
  process.env["IMAGE"] = await busyboxImage();
});
afterAll(() => installed?.[Symbol.asyncDispose]());

/** Bodies of tests, by what they use. */
const uses: Readonly<Record<string, string>> = {
  logs: `
    const request = shell("echo ready; sleep 600").withWaitStrategy(Wait.forLogMessage("ready"));
    const container = await request.withLogConsumer((stream) => stream.on("data", () => {})).start();
    (await container.logs()).on("data", () => {});
    await container.exec(["true"]);
    await container.stop();`,
  waits: `
    const httpd = shell("echo ready; exec httpd -f -p 80 -h /www").withExposedPorts(80);
    const waits = [Wait.forListeningPorts(), Wait.forLogMessage("ready"), Wait.forHttp("/", 80), Wait.forSuccessfulCommand("true")];
    const container = await httpd.withWaitStrategy(Wait.forAll(waits).withDeadline(30_000)).start();
    await container.restart();
    await container.stop();
    const healthy = shell("sleep 600").withHealthCheck({ test: ["CMD", "true"], interval: 200 });
    await (await healthy.start()).stop();
    await (await shell("true").withWaitStrategy(Wait.forOneShotStartup()).start()).stop();
    await (await shell("sleep 600").withWaitStrategy({ waitUntilReady: async () => {} }).start()).stop();`,
  failures: `
    await shell("sleep 600").withWaitStrategy(Wait.forLogMessage("x")).withStartupTimeout(200).start().catch(() => {});
    await shell("exit 1").withExposedPorts(80).start().catch(() => {});`,
  "files and images": `
    const container = await shell("sleep 600").withCopyContentToContainer([{ content: "a", target: "/a" }]).start();
    for await (const _chunk of await container.copyArchiveFromContainer("/a"));
    await container.commit({ repo: "leaks", tag: "1" });
    await container.stop();
    const folder = mkdtempSync(join(tmpdir(), "leaks-"));
    writeFileSync(join(folder, "Dockerfile"), "FROM " + image + "\\nCMD sleep 600\\n");
    await (await (await GenericContainer.fromDockerfile(folder).build()).start()).stop();
    rmSync(folder, { recursive: true });`,
  "several at once": `
    const network = await new Network().start();
    const first = shell("sleep 600").withNetwork(network).withNetworkAliases("first");
    const second = shell("sleep 600").withNetwork(network).dependsOn(first);
    const started = await TestContainers.startAll({ first, second });
    await started.second.stop();
    await started.first.stop();
    await network.stop();`,
  compose: `
    const folder = mkdtempSync(join(tmpdir(), "leaks-"));
    writeFileSync(join(folder, "compose.yaml"), "services: {web: {image: " + image + ", command: sleep 600}}");
    await (await new DockerComposeEnvironment(folder, "compose.yaml").up()).down();
    rmSync(folder, { recursive: true });`,
  "what is left to the session": `(await shell("sleep 600").start()).getId();`,
};

const preamble = `
  const { mkdtempSync, rmSync, writeFileSync } = require("node:fs");
  const { tmpdir } = require("node:os");
  const { join } = require("node:path");
  const { DockerComposeEnvironment, GenericContainer, Network, TestContainers, Wait } = require("runcible");
  const image = process.env.IMAGE;
  const shell = (script) => new GenericContainer(image).withCommand(["sh", "-c", script]);`;
const everything = Object.entries(uses).map(([name, body]) => `test("${name}", async () => {${body}\n}, 60_000);`);
/** Keeps the modules of its file, and a promise that nobody will settle. */
const keeping = `test("keeps", () => {
  setInterval(() => GenericContainer, 1_000_000).unref();
  globalThis.kept = new Promise(() => {});
});`;

describe.each(["20.20.2", "22.23.3", "24.21.0"])("on Node %s", (version) => {
  /** All that a runner says of a suite of one file. */
  async function said(name: string, file: string, source: string, args: readonly string[]): Promise<string> {
    const suite = join(installed.folder, `${name}-${version}`);
    await mkdir(suite);
    await writeFile(join(suite, file), source);
    const words = args.map((word) => word.replaceAll("SUITE", suite));
    const env = { ...process.env, NO_COLOR: "1" };
    const options = { cwd: installed.folder, env, timeoutMs: 120_000 };
    const { stdout, stderr } = await runUnchecked(await nodeOfNpm(version), words, options);
    return stdout + stderr;
  }

  function jest(name: string, tests: readonly string[]): Promise<string> {
    const config = { testEnvironment: "node", transform: {}, watchman: false, cacheDirectory: "SUITE/cache" };
    const flags = ["--runInBand", "--detectOpenHandles", "--detectLeaks", "--config", JSON.stringify(config)];
    return said(name, "one.test.js", [preamble, ...tests].join("\n"), [jestProgram, ...flags, "--rootDir", "SUITE"]);
  }

  function vitest(name: string, tests: readonly string[]): Promise<string> {
    const imports = `import { createRequire } from "node:module";\nimport { test } from "vitest";\nconst require = createRequire(import.meta.url);`;
    const program = join(installed.folder, "node_modules/vitest/vitest.mjs");
    const source = [imports, preamble, ...tests].join("\n");
    return said(name, "one.test.mjs", source, [program, "run", "--root", "SUITE", "--detectAsyncLeaks"]);
  }

  test("pain 13: Jest finds no open handle and no leak after everything, and would find one", async () => {
    const ofEverything = await jest("jest-uses", everything);
    expect(ofEverything).toMatch(/Tests: +7 passed, 7 total/);
    expect(ofEverything).not.toMatch(/leak|open handle|did not exit/i);

    expect(await jest("jest-keeps", [keeping])).toContain("leaking memory");
  });

  test("pain 13: Vitest finds no asynchronous leak after everything, and would find one", async () => {
    const ofEverything = await vitest("vitest-uses", everything);
    expect(ofEverything).toMatch(/Tests +7 passed \(7\)/);
    expect(ofEverything).not.toMatch(/leak(ing|s +\d)/i);

    expect(await vitest("vitest-keeps", [keeping])).toMatch(/Leaks +1 leak/);
  });
});
