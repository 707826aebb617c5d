import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

const program = join(import.meta.dirname, "../../../build/cli/main.js");

/** Holds the program back until its input ends. */
const untilInputEnds = `data:text/javascript,await new Promise((go) => process.stdin.once("end", go).resume())`;

test("a command whose reader has seen enough ends as SIGPIPE would end it, and says nothing", async () => {
  const child = spawn(process.execPath, ["--import", untilInputEnds, program, "--help"]);
  const said = text(child.stderr);
  const ended = once(child, "close");
  child.stdout.destroy();
  await once(child.stdout, "close");

  child.stdin.end();

  expect(await ended).toEqual([141, null]);
  expect(await said).toBe("");
});
