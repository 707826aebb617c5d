import { once } from "node:events";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { execProcess } from "../../../src/runtime/runc/spec";
import { searchPathWithout } from "../../support/search-path";
import { waitUntil } from "../../support/wait-until";
import { type Bundles, mountsBelow, openBundles, resultOf, sh, textOf } from "./busybox-bundle";

let bundles: Bundles;
beforeAll(async () => {
  bundles = await openBundles();
});
afterAll(async () => {
  await bundles.close();
});

test("a container's output and exit code are those of its process", async () => {
  const { process } = await bundles.start(sh("echo out; echo err >&2; exit 7"));
  expect(await resultOf(process)).toEqual({ exitCode: 7, stdout: "out\n", stderr: "err\n" });
});

test("the pid is that of the container's first process", async () => {
  const { process } = await bundles.start({ args: ["sleep", "1000"] });
  expect(await commandOf(process, "sleep")).toBe("sleep\x001000\x00");
  process.kill("SIGKILL");
  expect(await process.exited).toEqual({ exitCode: 137 });
});

/** The pid is known before runc's init has become the program. */
async function commandOf({ pid }: { readonly pid: number }, program: string): Promise<string> {
  const command = (): Promise<string> => readFile(`/proc/${pid}/cmdline`, "utf8");
  await waitUntil(async () => (await command()).startsWith(program), 30_000);
  return await command();
}

test("a signal reaches the process, which may answer it with an exit code of its own", async () => {
  const { process } = await bundles.start(sh("trap 'exit 42' TERM; echo up; while :; do sleep 0.05; done"));
  await once(process.stdout, "data");
  process.kill("SIGTERM");
  process.stdout.resume();
  expect(await process.exited).toEqual({ exitCode: 42 });
});

test("a signal to a process that has ended is no error", async () => {
  const { process } = await bundles.start({ args: ["true"] });
  await process.exited;
  expect(() => process.kill("SIGTERM")).not.toThrow();
});

test("a command that does not exist is told with runc's own text", async () => {
  await expect(bundles.start({ args: ["nosuch"] })).rejects.toMatchObject({
    code: "executable-not-found",
    message: expect.stringContaining('exec: "nosuch": executable file not found in $PATH'),
  });
  await expect(bundles.start({ args: ["/no/such"] })).rejects.toMatchObject({
    code: "executable-not-found",
    message: expect.stringContaining("no such file or directory"),
  });
});

test("a command that may not be executed is told with runc's own text", async () => {
  await expect(bundles.start({ args: ["/etc"] })).rejects.toMatchObject({
    code: "executable-not-permitted",
    message: expect.stringMatching(/permission denied|is a directory/),
  });
});

test.each([false, true])("a runc that was removed meanwhile is told as missing, terminal: %s", async (tty) => {
  const before = process.env["PATH"];
  process.env["PATH"] = await searchPathWithout("runc");
  onTestFinished(() => {
    process.env["PATH"] = before;
  });

  await expect(bundles.start({ args: ["true"], tty })).rejects.toMatchObject({
    code: "runc-missing",
    message: expect.stringMatching(
      /^start container \w+: runc is not installed; install it: sudo apt-get install runc$/,
    ),
  });
});

test("without the program that makes terminals that is what lacks, and not runc", async () => {
  const before = process.env["PATH"];
  process.env["PATH"] = "/no/such/folder";
  onTestFinished(() => {
    process.env["PATH"] = before;
  });

  await expect(bundles.start({ args: ["true"], tty: true })).rejects.toMatchObject({
    code: "tool-missing",
    message: expect.stringMatching(/^run script: it is not installed.*apt-get install bsdutils$/),
  });
});

test("a folder of the engine's that somebody removed is no missing runc", async () => {
  const own = await openBundles();
  onTestFinished(() => own.close());
  await rm(join(own.folder, "run"), { recursive: true });

  await expect(own.start({ args: ["true"] })).rejects.toMatchObject({
    code: "start-failed",
    message: expect.stringMatching(/^start container \w+: somebody removed .*\/run, which the engine needs; run: /),
  });
});

test("a mount that cannot be made is no missing command", async () => {
  const mounts = [{ type: "bind", source: "/no/such/source", target: "/data", options: ["rbind"] }];
  await expect(bundles.start({ mounts })).rejects.toMatchObject({ code: "start-failed" });
});

test("standard input reaches the process and its end is seen", async () => {
  const { process } = await bundles.start({ args: ["cat"] }, { hasStdin: true });
  process.stdin?.end("hello");
  expect(await resultOf(process)).toMatchObject({ exitCode: 0, stdout: "hello" });
});

test("without standard input the process reads an end at once", async () => {
  const { process } = await bundles.start({ args: ["cat"] });
  expect(process.stdin).toBeNull();
  expect(await resultOf(process)).toMatchObject({ exitCode: 0, stdout: "" });
});

test("a process waits for the reader of its output and loses nothing", async () => {
  const { process } = await bundles.start(sh("dd if=/dev/zero bs=64k count=512 2>/dev/null; echo done >&2"));
  let size = 0;
  for await (const chunk of process.stdout) size += chunk.length;
  expect(size).toBe(32 * 1024 * 1024);
  expect(await textOf(process.stderr)).toBe("done\n");
});

test("output written before anyone listens is kept beyond the process's end", async () => {
  const { process } = await bundles.start(sh("echo early"));
  await process.exited;
  expect(await textOf(process.stdout)).toBe("early\n");
});

test("exec runs a further process with its own environment, folder and exit code", async () => {
  const { id, spec, process } = await bundles.start({ args: ["sleep", "1000"], env: ["A=1", "B=2"] });
  const wanted = { ...sh("echo $A $B $PWD; exit 3"), env: ["B=3"], cwd: "/tmp", tty: false, isPrivileged: false };
  const exec = await bundles.runc.exec({ id, process: execProcess(spec, wanted), hasStdin: false });
  expect(await resultOf(exec)).toEqual({ exitCode: 3, stdout: "1 3 /tmp\n", stderr: "" });
  process.kill("SIGKILL");
  await process.exited;
});

test("exec of a missing command is told with runc's own text", async () => {
  const { id, spec, process } = await bundles.start({ args: ["sleep", "1000"] });
  const wanted = { args: ["nosuch"], env: [], tty: false, isPrivileged: false };
  const exec = bundles.runc.exec({ id, process: execProcess(spec, wanted), hasStdin: false });
  await expect(exec).rejects.toMatchObject({
    code: "executable-not-found",
    message: expect.stringContaining("executable file not found in $PATH"),
  });
  process.kill("SIGKILL");
  await process.exited;
});

test("a paused container stands still until it is resumed", async () => {
  const { group, process } = await bundles.start({ args: ["cat"] }, { hasStdin: true });
  // runc's init would end of the signal.
  await commandOf(process, "cat");
  await group.pause();
  process.stdin?.end("late");
  process.kill("SIGTERM");
  await group.resume();
  expect((await resultOf(process)).stdout).toBe("late");
});

test("a terminal has its size from the first instruction on, and takes another", async () => {
  // The new size comes by a signal, so the program looks until it is there.
  const script = 'stty size; until test "$(stty size)" = "50 132"; do sleep 0.01; done; stty size';
  const { process } = await bundles.start({ ...sh(script), tty: true }, { hasStdin: true });
  // One reader for all of it: what comes between two is lost.
  const lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe("24 80");
  await process.resize({ rows: 50, columns: 132 });
  expect((await lines.next()).value).toBe("50 132");
  expect(await process.exited).toEqual({ exitCode: 0 });
});

test("a terminal that has gone takes no size, and says so", async () => {
  const { process } = await bundles.start({ args: ["true"], tty: true });
  expect(await resultOf(process)).toMatchObject({ exitCode: 0 });

  expect(await process.resize({ rows: 50, columns: 132 })).toBe(false);
});

test("of sizes asked for at once a terminal keeps the last", async () => {
  const script = 'stty size; read _; until test "$(stty size)" = "20 100"; do sleep 0.01; done; stty size';
  const { process } = await bundles.start({ ...sh(script), tty: true }, { hasStdin: true });
  const lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe("24 80");

  await Promise.all(Array.from({ length: 10 }, (_, index) => process.resize({ rows: 11 + index, columns: 100 })));
  process.stdin?.write("\n");
  // The terminal shows what is typed.
  await lines.next();

  expect((await lines.next()).value).toBe("20 100");
  expect(await process.exited).toEqual({ exitCode: 0 });
});

test("fifty quick containers leave no cgroup, no mount and no state", async () => {
  const runOne = async (): Promise<void> => {
    const { process, group } = await bundles.start({ args: ["true"] });
    expect(await process.exited).toEqual({ exitCode: 0 });
    await group.remove();
  };
  for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 5 }, runOne));
  expect(await readdir(bundles.runcRoot)).toEqual([]);
  expect(await mountsBelow(bundles.folder)).toEqual([]);
});
