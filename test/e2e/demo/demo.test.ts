import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../../../src/internal/exec";

test("the demo starts a service, talks to it, and leaves nothing", async () => {
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, "../../demo/demo.js")]);

  expect(stdout).toMatch(/^A real service in a container, without Docker\n/);
  expect(stdout).toMatch(/\nNothing is left\.\n$/);
});
