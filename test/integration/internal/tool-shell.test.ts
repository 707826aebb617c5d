import { readdir, readFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { perform, performByShell, performUnchecked } from "../../../src/internal/perform";
import { startToolShell, type ToolShell } from "../../../src/internal/tool-shell";

let shell: ToolShell;

beforeEach(() => {
  shell = startToolShell();
});
afterEach(() => shell.close());

test("arguments, input and variables reach a program as they are", async () => {
  const odd = `it's "$HOME" \`x\` \\ * \n end`;
  const script = 'printf "%s|%s|" "$1" "$ODD"; cat';

  const result = await shell.run("sh", ["-c", script, "sh", odd], { input: odd, env: { ODD: odd } });

  expect(result).toEqual({ exitCode: 0, output: `${odd}|${odd}|${odd}` });
});

test("two hundred programs at once each get their own answer", async () => {
  const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => shell.run("echo", [String(index)])));

  expect(answers.map(({ output }) => output)).toEqual(answers.map((_, index) => String(index)));
});

test("a program inherits no more than one that is started directly", async () => {
  const { output } = await shell.run("ls", ["/proc/self/fd"]);

  expect(`${output}\n`).toBe((await run("ls", ["/proc/self/fd"])).stdout);
});

test("a working folder that is not there is an answer too", async () => {
  const { exitCode, output } = await shell.run("true", [], { cwd: "/no/such/folder" });

  expect(exitCode).toBe(1);
  expect(output).toContain("/no/such/folder");
});

test("a program that is not there is named, and one that fails has its last words in the error", async () => {
  const end = performByShell();
  try {
    await expect(perform("no-such-program", [])).rejects.toMatchObject({ code: "tool-missing" });
    await expect(perform("sh", ["-c", "echo so it is >&2; exit 7"])).rejects.toMatchObject({
      code: "command-failed",
      message: "run sh: exit code 7: so it is",
    });
  } finally {
    end();
  }
});

test("when somebody kills the shell, programs run all the same", async () => {
  const before = await childrenOfThis();
  const end = performByShell();
  try {
    await performUnchecked("true", []);
    const pids = (await childrenOfThis()).filter((pid) => !before.includes(pid));
    expect(pids).toHaveLength(1);
    await performUnchecked("kill", ["-KILL", ...pids]).catch(() => {});

    expect(await childrenOfThis()).not.toContain(pids[0]);
    expect(await performUnchecked("true", [])).toMatchObject({ exitCode: 0 });
  } finally {
    end();
  }
});

async function childrenOfThis(): Promise<readonly string[]> {
  const tasks = await readdir(`/proc/${process.pid}/task`);
  const children = await Promise.all(
    tasks.map((task) => readFile(`/proc/${process.pid}/task/${task}/children`, "utf8")),
  );
  return children.join(" ").trim().split(/\s+/);
}
