import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClient } from "../../../src/client/client";
import { ensureEngine, type LaunchRequest } from "../../../src/client/launch";
import { exitOf, runUnchecked, spawnTool } from "../../../src/internal/exec";
import { killIfThere } from "../../../src/internal/kill-if-there";
import { processesOf } from "../../support/leaks/processes";
import { waitUntil } from "../../support/wait-until";

// A program in the engine's place: it serves what the launcher asks for, and writes a line for each of its starts.
const program = `
const { createServer } = require("node:http");
const { appendFileSync, rmSync } = require("node:fs");
const folder = process.env.RUNCIBLE_STATE_DIR;
appendFileSync(folder + "/starts", process.pid + "\\n");
if (process.env.FIXTURE_FAILS) { console.error("no such device"); process.exit(3); }
if (process.env.FIXTURE_HANGS) setInterval(() => {}, 1000); else serve();
function serve() {
rmSync(folder + "/engine.sock", { force: true });
const version = process.env.FIXTURE_VERSION;
createServer((request, response) => {
  if (request.url === "/runcible/shutdown") { response.end(); process.exit(0); }
  if (request.url.startsWith("/containers/json")) return response.end("[]");
  response.end(JSON.stringify({ Version: version, Pid: process.pid, Capabilities: [], IsStaying: !!process.env.FIXTURE_STAYS }));
}).listen(folder + "/engine.sock");
}
`;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-launch-"));
  await writeFile(join(folder, "engine.js"), program);
});

afterEach(async () => {
  const { client } = requestFor({});
  await client.system.shutdown().catch(() => {});
  client.close();
  // The kernel lock is free when the supervisor has ended too.
  await runUnchecked("flock", [join(folder, "engine.lock"), "true"]);
  await rm(folder, { recursive: true });
});

function requestFor(change: Partial<LaunchRequest>): LaunchRequest {
  const socketPath = join(folder, "engine.sock");
  return {
    client: createClient({ kind: "unix", path: socketPath }),
    stateFolder: folder,
    socketPath,
    uid: process.getuid?.() ?? -1,
    version: "1.0.0",
    program: join(folder, "engine.js"),
    env: { ...process.env, RUNCIBLE_STATE_DIR: folder, FIXTURE_VERSION: "1.0.0" },
    ...change,
  };
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function starts(): Promise<number> {
  return (await readFile(join(folder, "starts"), "utf8")).trim().split("\n").length;
}

test("fifty that ask at once get one engine, in a pid namespace of its own", async () => {
  const infos = await Promise.all(Array.from({ length: 50 }, () => ensureEngine(requestFor({}))));

  expect(await starts()).toBe(1);
  expect(new Set(infos.map(({ Pid }) => Pid)).size).toBe(1);
  expect(infos[0]?.Pid).toBeLessThan(20);
});

test("a running engine is used without a lock", async () => {
  await ensureEngine(requestFor({}));
  await ensureEngine(requestFor({}));

  expect(await starts()).toBe(1);
});

test("the lock of a process that was killed is taken over", async () => {
  await mkdir(join(folder, "launch.lock"));

  await ensureEngine(requestFor({}));

  expect(await starts()).toBe(1);
});

test("a start waits for an engine that is just going", async () => {
  const holding = [join(folder, "engine.lock"), "sh", "-c", "echo has-it; exec cat"];
  const going = spawnTool("flock", holding, { stdio: ["pipe", "pipe", "ignore"] });
  const ended = exitOf(going, "flock");
  await once(going.stdout ?? going, "data");
  const info = ensureEngine(requestFor({}));
  // The log is opened right before the engine's program is tried.
  await waitUntil(() => exists(join(folder, "engine.log")), 30_000);
  going.stdin?.end();

  expect((await info).Version).toBe("1.0.0");
  await ended;
});

test("an engine that ends at its start is an error with its last log lines", async () => {
  const env = { ...process.env, RUNCIBLE_STATE_DIR: folder, FIXTURE_FAILS: "1" };

  const error = await ensureEngine(requestFor({ env })).catch((caught) => caught);

  expect(error).toMatchObject({ code: "engine-start-failed" });
  expect(error.message).toMatch(/it ended \(3\).*engine\.log.*no such device/s);
});

test("an engine that neither answers nor ends is given up in the end", async () => {
  const env = { ...process.env, RUNCIBLE_STATE_DIR: folder, FIXTURE_HANGS: "1" };

  await expect(ensureEngine(requestFor({ env, limitMs: 200 }))).rejects.toMatchObject({
    code: "engine-start-failed",
    message: expect.stringContaining("it does not answer after 0.2 s"),
  });

  await waitUntil(() => exists(join(folder, "starts")), 30_000);
  for (const { pid } of await processesOf(folder)) killIfThere(pid, "SIGKILL");
});

test("an idle engine of another version is replaced", async () => {
  await ensureEngine(requestFor({}));
  const env = { ...process.env, RUNCIBLE_STATE_DIR: folder, FIXTURE_VERSION: "2.0.0" };

  const info = await ensureEngine(requestFor({ version: "2.0.0", env }));

  expect(info.Version).toBe("2.0.0");
  expect(await starts()).toBe(2);
});

test("an idle engine of another version that was told to stay is used as it is", async () => {
  const env = { ...process.env, RUNCIBLE_STATE_DIR: folder, FIXTURE_VERSION: "1.0.0", FIXTURE_STAYS: "1" };
  await ensureEngine(requestFor({ env }));

  expect((await ensureEngine(requestFor({ version: "2.0.0" }))).Version).toBe("1.0.0");
  expect(await starts()).toBe(1);
});

test("control groups the engine listed are removed after it ended", async () => {
  const outer = join(folder, "runcible-0a1b2c3d");
  const foreign = join(folder, "foreign");
  for (const group of [outer, foreign]) await mkdir(join(group, "a", "b"), { recursive: true });
  await writeFile(join(folder, "run-cgroups"), `${foreign}\n${outer}\n`);
  const { client } = requestFor({});
  await ensureEngine(requestFor({ client }));

  await client.system.shutdown();
  await runUnchecked("flock", [join(folder, "engine.lock"), "true"]);

  await expect(stat(outer)).rejects.toMatchObject({ code: "ENOENT" });
  // A list that somebody damaged must not cost a folder that is no engine's.
  await expect(stat(join(foreign, "a", "b"))).resolves.toBeDefined();
});

test("a socket folder others may write to is not trusted", async () => {
  const open = join(folder, "open");
  await mkdir(open);
  await chmod(open, 0o777);

  await expect(ensureEngine(requestFor({ socketPath: join(open, "engine.sock") }))).rejects.toMatchObject({
    code: "permission-denied",
  });
});
