import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { processesOf } from "../../support/leaks/processes";
import { type InstalledPackage, installPackage } from "./installed-package";

/** The contract's 31 values. */
const contractValues = [
  ...["AbstractStartedContainer", "AbstractStoppedContainer", "BoundPorts", "ContainerRuntimeClient"],
  ...["DockerComposeEnvironment", "DownedDockerComposeEnvironment", "StartedDockerComposeEnvironment"],
  ...["StoppedDockerComposeEnvironment"],
  ...["GenericContainer", "ImageName", "IntervalRetry", "LABEL_TESTCONTAINERS_SESSION_ID", "Network", "PullPolicy"],
  ...["RandomPortGenerator", "RandomUuid", "StartedNetwork", "StartupCheckStrategy", "StoppedNetwork", "Wait"],
  ...["getContainerPort", "getContainerRuntimeClient", "hasHostBinding", "log", "randomUuid", "waitForContainer"],
  ...["GenericContainerBuilder", "SocatContainer", "StartedSocatContainer", "TestContainers", "getReaper"],
];
/** In addition to the contract. */
const ownValues = ["RuncibleError", "isRuncibleError", "reservePort"];
const names = [...contractValues, ...ownValues].sort();

const bin = (name: string): string => join(__dirname, "../../../node_modules", name);
const engine = useNewEngineOfThisFile({ RUNCIBLE_IDLE_SECONDS: "600" });
let installed: InstalledPackage;

beforeAll(async () => {
  installed = await installPackage();
  // The engine too is that of the installed package.
  await installed.node(["-e", `require("runcible").getContainerRuntimeClient()`]);
  process.env["IMAGE"] = await busyboxImage();
});

afterAll(async () => {
  await engine.client.system.shutdown().catch(() => {});
  await installed?.[Symbol.asyncDispose]();
});

async function reportOf(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<unknown> {
  return JSON.parse((await installed.node(args, env)).stdout);
}

test("the package has what it needs to run and to be read, and nothing else", () => {
  const others = installed.packed.filter((path) => !/^(build|docs)\//.test(path));
  const built = installed.packed.filter((path) => path.startsWith("build/"));

  expect([...others].sort()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json"]);
  expect(built).toEqual(expect.arrayContaining(["build/index.js", "build/index.d.ts", "build/engine/main.js"]));
  expect(built.filter((path) => !/\.(js|d\.ts)$/.test(path) || /\btest\b/.test(path))).toEqual([]);
});

test("the engine that runs is that of the installed package", async () => {
  const commands = (await processesOf(engine.stateFolder)).map(({ key }) => key);

  expect(commands.join("\n")).toContain(join(installed.folder, "node_modules/runcible/build/engine/main.js"));
});

test("it is required from CommonJS, with a home that does not exist", async () => {
  expect(await reportOf(["use.cjs"], { HOME: join(installed.folder, "no-home") })).toEqual({
    stdout: "from CommonJS\n",
    names,
  });
});

test("it is imported by name from ESM", async () => {
  expect(await reportOf(["use.mjs"])).toEqual({ stdout: "from ESM\n", names });
});

test("its types compile for users, whole and strictly, with every way to resolve modules", async () => {
  const ways = [
    ["node16", "node16"],
    ["nodenext", "nodenext"],
    ["commonjs", "bundler"],
  ] as const;

  for (const [module, moduleResolution] of ways) {
    await installed.node([
      ...[bin("typescript/bin/tsc"), "--noEmit", "--strict", "--skipLibCheck", "false", "--types", "node"],
      ...["--target", "es2022", "--module", module, "--moduleResolution", moduleResolution, "every-export.ts"],
    ]);
  }
});

test("the file that is compiled uses every value", async () => {
  const text = await readFile(join(installed.folder, "every-export.ts"), "utf8");

  expect(names.filter((name) => text.split(new RegExp(`\\b${name}\\b`)).length < 3)).toEqual([]);
});

test("a suite in Jest runs, leaves nothing open, and Jest ends by itself", async () => {
  const cacheDirectory = join(installed.folder, "jest-cache");
  const config = JSON.stringify({ testEnvironment: "node", transform: {}, watchman: false, cacheDirectory });
  const args = [bin("jest/bin/jest.js"), "--runInBand", "--detectOpenHandles", "--config", config];

  // What Jest has to say goes to stderr; it warns there of a process that does not end.
  const { stdout, stderr } = await installed.node([...args, "--rootDir", installed.folder]);

  expect(stdout).toBe("");
  expect(stderr).toMatch(/Tests: +5 passed, 5 total/);
  expect(stderr).not.toMatch(/open handle|did not exit|console|warning/i);
});

test("two copies in one process share an engine, its networks, and what an error is", async () => {
  const packages = [installed.folder, installed.copy].map((folder) => join(folder, "node_modules/runcible"));

  const report = (await reportOf(["two-copies.cjs", ...packages])) as Record<string, unknown>;

  expect(report).toMatchObject({ areDifferent: true, isErrorOfOther: true });
  expect(report["engines"]).toEqual([report["ids"], report["ids"]]);
  expect(report["networks"]).toEqual([report["network"]]);
});

test("its command works where it is installed, with an empty home and from anywhere", async () => {
  const home = join(installed.folder, "empty-home");
  await mkdir(home);
  const { version } = JSON.parse(await readFile(bin("../package.json"), "utf8")) as { readonly version: string };
  const command = join(installed.folder, "node_modules/.bin/runcible");

  const { stdout } = await run(command, ["version"], { cwd: "/", env: { ...process.env, HOME: home } });

  expect(stdout).toBe(`runcible ${version}\n`);
});
