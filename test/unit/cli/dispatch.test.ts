import { PassThrough, Readable } from "node:stream";
import { expect, test } from "vitest";
import type { Command } from "../../../src/cli/command";
import { dispatch } from "../../../src/cli/dispatch";
import { RuncibleError } from "../../../src/internal/errors";

const greet: Command = {
  name: "greet",
  summary: "Say hello",
  usage: "[OPTIONS] NAME",
  flags: [{ name: "loud", short: "l", type: "boolean", description: "Shout" }],
  arguments: { min: 1, max: 1 },
  run: async ({ out }, { flags, arguments: [name = ""] }) => {
    if (name === "nobody") throw new RuncibleError("not-implemented", "greet nobody: there is nobody; name somebody");
    out(flags["loud"] === true ? `HELLO ${name}` : `hello ${name}`);
    return 0;
  },
};

async function runCli(...args: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const written: { out: string[]; err: string[] } = { out: [], err: [] };
  const context = {
    env: {},
    workingFolder: "/",
    stdin: Readable.from([]),
    stdout: new PassThrough(),
    out: (text: string) => void written.out.push(text),
    err: (text: string) => void written.err.push(text),
    connect: () => Promise.reject(new RuncibleError("engine-unreachable", "no verb of this test connects")),
  };
  const exitCode = await dispatch([greet], context, args);
  return { exitCode, out: written.out.join(""), err: written.err.join("") };
}

test("a verb gets its flags and arguments", async () => {
  expect(await runCli("greet", "-l", "you")).toEqual({ exitCode: 0, out: "HELLO you", err: "" });
});

test("without a verb the list of verbs is shown", async () => {
  const { exitCode, out } = await runCli();
  expect(exitCode).toBe(0);
  expect(out).toContain("greet   Say hello");
});

test("--help behind a verb shows its usage and flags", async () => {
  const { out } = await runCli("greet", "--help");
  expect(out).toContain("Usage:  runcible greet [OPTIONS] NAME");
  expect(out).toMatch(/-l, --loud\s+Shout/);
});

test("a mistyped verb is answered with the nearest one and exit code 2", async () => {
  const { exitCode, err } = await runCli("gret");
  expect({ exitCode, err }).toEqual({ exitCode: 2, err: 'runcible: "gret" is no command; did you mean "greet"?\n' });
});

test("a word that is near nothing is answered with the way to the help", async () => {
  expect((await runCli("frobnicate")).err).toContain('see "runcible --help"');
});

test.each([[["greet"]], [["greet", "a", "b"]], [["greet", "--unknown", "a"]]])(
  "wrong use %j ends with exit code 2 and names the verb's help",
  async (args) => {
    const { exitCode, err } = await runCli(...args);
    expect(exitCode).toBe(2);
    expect(err).toContain('see "runcible greet --help"');
  },
);

test("an error of the verb becomes one line and exit code 1", async () => {
  const { exitCode, err } = await runCli("greet", "nobody");
  expect({ exitCode, err }).toEqual({
    exitCode: 1,
    err: "runcible: greet nobody: there is nobody; name somebody\n",
  });
});
