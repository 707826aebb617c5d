import { appendFile, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type LogFile, type LogReadOptions, openLogFile } from "../../../../src/runtime/process/log-file";

const limits = { maxBytes: 1024 * 1024, maxFiles: 2 };
let folder: string;
let log: LogFile;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-log-"));
  log = await openLogFile(folder, limits);
});
afterEach(async () => {
  await log.close();
  await rm(folder, { recursive: true });
});

async function reopen(changed = limits): Promise<void> {
  await log.close();
  log = await openLogFile(folder, changed);
}

function write(stream: "stdout" | "stderr", text: string): Promise<void> {
  return log.append(stream, Buffer.from(text));
}

async function read(options: Partial<LogReadOptions> = {}): Promise<readonly string[]> {
  const lines: string[] = [];
  const all = { follow: false, stdout: true, stderr: true, signal: new AbortController().signal };
  for await (const batch of log.read({ ...all, ...options })) lines.push(...batch.map(({ data }) => data.toString()));
  return lines;
}

async function timesOf(): Promise<readonly bigint[]> {
  const times: bigint[] = [];
  const all = { follow: false, stdout: true, stderr: true, signal: new AbortController().signal };
  for await (const batch of log.read(all)) times.push(...batch.map(({ time }) => time));
  return times;
}

test("lines of both streams keep their order", async () => {
  await write("stdout", "one\n");
  await write("stderr", "two\n");
  await write("stdout", "three\nfour\n");
  expect(await read()).toEqual(["one\n", "two\n", "three\n", "four\n"]);
  expect(await read({ stdout: false })).toEqual(["two\n"]);
});

test("a line that comes in pieces is one line, each stream by itself", async () => {
  await write("stdout", "hel");
  await write("stderr", "warning\n");
  await write("stdout", "lo\n");
  expect(await read()).toEqual(["warning\n", "hello\n"]);
});

test("text without a line end is written when the run ends", async () => {
  log.beginRun();
  await write("stdout", "prompt> ");
  expect(await read()).toEqual([]);
  await log.endRun();
  expect(await read()).toEqual(["prompt> "]);
});

test("a long line is cut at 16 KiB", async () => {
  await write("stdout", `${"x".repeat(40_000)}\n`);
  expect((await read()).map((line) => line.length)).toEqual([16_384, 16_384, 7_233]);
});

test("times increase strictly and are not before the wall clock's", async () => {
  const before = BigInt(Date.now()) * 1_000_000n;
  await write("stdout", "a\nb\nc\n");
  const times = await timesOf();
  expect(times[0]).toBeGreaterThanOrEqual(before);
  expect(times.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(times);
  expect(new Set(times).size).toBe(3);
});

test("tail gives the last lines, since and until those between two times, both included", async () => {
  await write("stdout", "a\nb\nc\nd\n");
  const [, second = 0n, third = 0n] = await timesOf();
  expect(await read({ tail: 2 })).toEqual(["c\n", "d\n"]);
  expect(await read({ tail: 0 })).toEqual([]);
  expect(await read({ since: second, until: third })).toEqual(["b\n", "c\n"]);
});

/** Both streams, in several files, with more bytes than a reader takes at a time. */
async function writeLong(): Promise<readonly string[]> {
  await reopen({ maxBytes: 700_000, maxFiles: 3 });
  for (let round = 0; round < 40; round++) {
    const lines = Array.from({ length: 500 }, (_, index) => `${round} ${index} ${"x".repeat(80)}\n`);
    await write(round % 4 === 0 ? "stderr" : "stdout", lines.join(""));
  }
  return await read();
}

test("the end of a long log is read as the end of all of it, in any of its streams, also after a restart", async () => {
  const all = await writeLong();
  const outputs = all.filter((line) => Number.parseInt(line, 10) % 4 !== 0);
  const times = await timesOf();

  for (const isReopened of [false, true]) {
    if (isReopened) await reopen({ maxBytes: 700_000, maxFiles: 3 });
    for (const tail of [1, 499, 500, 501, 3000, 9000, 1e6]) {
      expect(await read({ tail })).toEqual(all.slice(-tail));
      expect(await read({ tail, stderr: false })).toEqual(outputs.slice(-tail));
      expect(await read({ tail, until: times[5000] ?? 0n })).toEqual(all.slice(0, 5001).slice(-tail));
    }
    for (const first of [0, 1, 5000, all.length - 1]) {
      expect(await read({ since: times[first] ?? 0n })).toEqual(all.slice(first));
      expect(await read({ since: times[first] ?? 0n, tail: 700 })).toEqual(all.slice(first).slice(-700));
    }
  }
});

test("a follower gets what is there and what comes, and ends with the run", async () => {
  log.beginRun();
  await write("stdout", "before\n");
  const followers = [read({ follow: true }), read({ follow: true, tail: 0 })];
  await read();
  await write("stderr", "after\n");
  await log.endRun();
  log.beginRun();
  await write("stdout", "next run\n");
  expect(await Promise.all(followers)).toEqual([["before\n", "after\n"], ["after\n"]]);
});

test("following a container that does not run ends at once", async () => {
  await write("stdout", "old\n");
  expect(await read({ follow: true })).toEqual(["old\n"]);
});

test("a follower that loses interest ends", async () => {
  log.beginRun();
  const controller = new AbortController();
  const following = read({ follow: true, signal: controller.signal });
  controller.abort();
  expect(await following).toEqual([]);
});

test("a full log drops its oldest file and keeps the newest lines", async () => {
  await reopen({ maxBytes: 100, maxFiles: 2 });
  for (let index = 0; index < 50; index++) await write("stdout", `line ${index}\n`);
  const lines = await read();
  expect(lines.at(-1)).toBe("line 49\n");
  expect(lines.length).toBeLessThan(12);
  expect(await readdir(folder)).toHaveLength(2);
});

test("a log of one file starts over when it is full, however much comes at once", async () => {
  await reopen({ maxBytes: 200, maxFiles: 1 });
  await write("stdout", Array.from({ length: 500 }, (_, index) => `line ${index}\n`).join(""));
  const lines = await read();
  expect(lines.at(-1)).toBe("line 499\n");
  expect(lines.join("").length).toBeLessThanOrEqual(200);
  expect(await sizes()).toEqual([expect.any(Number)]);
  expect(Math.max(...(await sizes()))).toBeLessThanOrEqual(200);
});

test("no file of a log is larger than asked for, nor are there more of them", async () => {
  await reopen({ maxBytes: 100, maxFiles: 3 });
  await write("stderr", "x\n".repeat(1000));
  expect(await sizes()).toHaveLength(3);
  expect(Math.max(...(await sizes()))).toBeLessThanOrEqual(100);
  await write("stdout", `${"y".repeat(500)}\n`);
  expect((await read()).at(-1)).toBe(`${"y".repeat(500)}\n`);
});

async function sizes(): Promise<readonly number[]> {
  const names = await readdir(folder);
  return await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
}

test("a follower loses nothing when the log goes on in the next file", async () => {
  await reopen({ maxBytes: 200, maxFiles: 1000 });
  log.beginRun();
  const following = read({ follow: true });
  const written = Array.from({ length: 300 }, (_, index) => `line ${index}\n`);
  await Promise.all(written.map((line) => write("stdout", line)));
  await log.endRun();
  expect(await following).toEqual(written);
});

test("a log is read on after a restart, also when a crash tore its last record", async () => {
  await write("stdout", "whole\n");
  await appendFile(log.path, Buffer.from([1, 0, 0]));
  await reopen();
  await write("stdout", "next\n");
  expect(await read()).toEqual(["whole\n", "next\n"]);
});
