import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const script = `
  const { openSync } = require("node:fs");
  const { exitOf, spawnTool } = require(process.argv[1]);
  try { for (;;) openSync("/dev/null"); } catch {}
  const child = spawnTool("true", [], { stdio: "pipe" });
  exitOf(child, "true").catch(({ code }) => console.log(code, child.stdin, child.stdout, child.stderr, child.stdio[3]));
`;

test("without a file descriptor left, a program has no pipes, and its end tells why", () => {
  const exec = join(__dirname, "../../../build/internal/exec.js");
  const command = `ulimit -n 60; exec "$0" -e "$1" "$2"`;

  const output = execFileSync("/bin/sh", ["-c", command, process.execPath, script, exec], { encoding: "utf8" });

  expect(output).toBe("resources-exhausted null null null undefined\n");
});
