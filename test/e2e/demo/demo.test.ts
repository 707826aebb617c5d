import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { searchPathWithout } from "../../support/search-path";

const demo = join(import.meta.dirname, "../../demo/demo.js");

test("the demo starts a service, talks to it, and leaves nothing", async () => {
  const { stdout } = await run(process.execPath, [demo]);

  expect(stdout).toMatch(/^A real service in a container, without Docker\n/);
  expect(stdout).toMatch(/\nNothing is left\.\n$/);
});

test("on a machine without Redis and without a registry, the demo has the machine's own Node for a service", async () => {
  const PATH = await searchPathWithout("redis-server");

  const { stdout } = await run(process.execPath, [demo], { env: { ...process.env, PATH } });

  expect(stdout).toContain("host/demo:local made of this machine's Node");
  expect(stdout).toContain("GET greeting → hello");
  expect(stdout).toMatch(/\nNothing is left\.\n$/);
});
