import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runUnchecked } from "../../../src/internal/exec";
import { searchPathWithout } from "../../support/search-path";

let folder: string;
let setup: string;

beforeAll(async () => {
  // A checkout of its own: npm, should it ever come to that, would take the packages from under the other suites.
  folder = await mkdtemp(join(tmpdir(), "runcible-checkout-"));
  setup = join(folder, ".ci/setup");
  await cp(join(import.meta.dirname, "../../../.ci/setup"), setup);
  await writeFile(join(folder, "package-lock.json"), "{}");
  await mkdir(join(folder, "node_modules"));
  await writeFile(join(folder, "node_modules/.package-lock.json"), "{}");
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test("setup says nothing when nothing lacks", async () => {
  const quiet = { exitCode: 0, stdout: "", stderr: "" };

  expect(await runUnchecked(setup, ["use"])).toMatchObject(quiet);
});

test("without a way to install what lacks, setup names it in one line", async () => {
  const PATH = await searchPathWithout("newuidmap", "apt-get");

  const { exitCode, stdout, stderr } = await runUnchecked(setup, ["use"], { env: { ...process.env, PATH } });

  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toMatch(/^setup: these lack and there is no apt-get to install them; [^\n]*: uidmap *\n$/);
});

test("without Node, setup says how to get it", async () => {
  const PATH = await searchPathWithout("node");

  const { exitCode, stderr } = await runUnchecked(setup, ["use"], { env: { ...process.env, PATH } });

  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^setup: Node is not installed; run: sudo apt-get install npm [^\n]*\n$/);
});
