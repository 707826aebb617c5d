import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { killIfThere } from "../../../src/internal/kill-if-there";
import { livingStateOf } from "../../../src/internal/process-stat";
import { waitUntil } from "../../support/wait-until";

test("a process has a state for as long as it lives, and none once it waits to be noticed", async () => {
  // It becomes a program that never waits for its child.
  const parent = spawn("sh", ["-c", "sleep 100 & echo $!; exec sleep 100"], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const line = await createInterface({ input: parent.stdout })[Symbol.asyncIterator]().next();
    const child = Number(line.value);
    expect(await livingStateOf(child)).toMatch(/^[RSD]$/);

    killIfThere(child, "SIGKILL");

    expect(await waitUntil(async () => (await livingStateOf(child)) === undefined, 10_000)).toBe(true);
  } finally {
    parent.kill("SIGKILL");
  }
});

test("a process that nobody knows has none", async () => {
  expect(await livingStateOf(2 ** 22 + 1)).toBeUndefined();
});
