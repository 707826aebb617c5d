import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run, runUnchecked } from "../../../src/internal/exec";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useTestEngine } from "../../support/engine";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { processesOf } from "../../support/leaks/processes";
import { denoOfNpm } from "../../support/program-of-npm";
import { type InstalledPackage, installPackage } from "../packaging/installed-package";

// What a test process has to leave behind: nothing that keeps it, and nothing that a leak detector finds.

useNewEngineOfThisFile();
const bin = (name: string): string => join(__dirname, "../../../node_modules", name);
let installed: InstalledPackage;
beforeAll(async () => {
  installed = await installPackage();
  process.env["IMAGE"] = await busyboxImage();
});
afterAll(() => installed?.[Symbol.asyncDispose]());

const use = `
  const container = await new GenericContainer(process.env.IMAGE)
    .withCommand(["sh", "-c", "echo ready; sleep 600"])
    .withLogConsumer((stream) => stream.on("data", () => {}))
    .withWaitStrategy(Wait.forLogMessage("ready"))
    .start();
  (await container.logs()).on("data", () => {});
  await container.exec(["true"]);
  await container.stop();`;

test("pain 13: neither the import nor a container's whole life loads ssh2 or dockerode, and the process ends by itself", async () => {
  const script = `
    const { GenericContainer, Wait } = require("runcible");
    const onImport = Object.keys(require.cache);
    (async () => {${use}
      const packages = Object.keys(require.cache).map((path) => /.*node_modules\\/((@[^/]+\\/)?[^/]+)/.exec(path)?.[1]);
      console.log(JSON.stringify({ onImport, loaded: [...new Set(packages)] }));
    })();`;

  const { stdout } = await installed.node(["-e", script]);

  const { onImport, loaded } = JSON.parse(stdout) as Readonly<Record<"onImport" | "loaded", readonly string[]>>;
  expect(onImport).toEqual([expect.stringMatching(/runcible\/build\/index\.js$/)]);
  expect(loaded).toContain("runcible");
  for (const heavy of ["ssh2", "dockerode", "docker-modem", "undici", "yaml"]) expect(loaded).not.toContain(heavy);
});

test.each(["forks", "threads"])(
  "pain 13: Vitest's hanging-process reporter has nothing to say, in %s",
  async (pool) => {
    const suite = join(installed.folder, `vitest-${pool}`);
    await mkdir(suite);
    await cp(bin("vitest"), join(suite, "node_modules/vitest"), { recursive: true });
    await writeFile(
      join(suite, "use.test.mjs"),
      `import { GenericContainer, Wait } from "runcible";\nimport { test } from "vitest";\ntest("uses", async () => {${use}\n});`,
    );
    const args = [bin("vitest/vitest.mjs"), "run", "--root", suite, "--pool", pool];

    const { stdout, stderr } = await installed.node([...args, "--reporter=default", "--reporter=hanging-process"]);

    expect(stdout).toMatch(/Tests .*1 passed/);
    expect(`${stdout}${stderr}`).not.toMatch(/hanging|timed out|keeping/i);
  },
);

test("pain 13: Deno's sanitizers find nothing after the import, nor after a container, and would find what is left", async () => {
  const suite = join(installed.folder, "deno");
  await mkdir(suite);
  const strictly = (name: string, body: string): string =>
    `Deno.test({ name: "${name}", sanitizeOps: true, sanitizeResources: true, fn: async () => {${body}} });`;
  await writeFile(
    join(suite, "use_test.cjs"),
    `const { GenericContainer, Wait } = require("runcible");
     ${strictly("imports", `require("runcible");`)}
     ${strictly("uses", use)}
     ${strictly("leaves a file open", `globalThis.left = await Deno.open("/dev/null");`)}`,
  );
  const args = ["test", "--allow-all", "--no-lock", "--no-check", suite];

  const env = { ...process.env, NO_COLOR: "1" };

  const deno = await denoOfNpm("2.9.6");
  const { stdout } = await runUnchecked(deno, args, { cwd: suite, env, timeoutMs: 120_000 });

  expect(stdout).toMatch(/^imports \.\.\. ok/m);
  expect(stdout).toMatch(/^uses \.\.\. ok/m);
  expect(stdout).toMatch(/^leaves a file open \.\.\. FAILED/m);
});

test("pain 13: an engine that Deno starts runs with Node", async () => {
  await using engine = await useTestEngine({ RUNCIBLE_IDLE_SECONDS: "600" });
  const script = join(installed.folder, "start-engine.cjs");
  await writeFile(script, `require("runcible").getContainerRuntimeClient();`);

  const deno = await denoOfNpm("2.9.6");
  await run(deno, ["run", "--allow-all", "--no-lock", script], { cwd: installed.folder, env: engine.env });

  const commands = (await processesOf(engine.stateFolder)).map(({ key }) => key).join("\n");
  expect(commands).toMatch(/\) node \S+engine\/main\.js/);
  expect(commands).not.toContain(deno);
});
