import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { EngineClient } from "../../../src/client/client";
import { connect } from "../../../src/client/connect";
import { errorTable, isRuncibleError } from "../../../src/internal/errors";
import { run } from "../../../src/internal/exec";
import { cgroupFacts, controllerFolder } from "../../../src/runtime/runc/cgroup-files";
import { type TestEngine, useTestEngine } from "../../support/engine";
import type { Snapshot } from "../../support/leaks";
import { waitUntil } from "../../support/wait-until";
import { enginePid, openFiles } from "../support/engine-process";
import { expectNoMoreThan, settledHoldings } from "../support/machine";

const image = "host/busybox:local";

let engine: TestEngine;
let client: EngineClient;
let idle: Snapshot;

beforeEach(async () => {
  engine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_HOST: "", RUNCIBLE_IDLE_SECONDS: "600" });
  client = (await connect()).client;
  await client.images.buildHostImage({ Name: image, Executables: ["busybox"], Config: {} });
  await useContainer();
  idle = await settledHoldings(engine.stateFolder, [join(engine.stateFolder, "containers")]);
});

afterEach(async () => {
  client.close();
  await engine[Symbol.asyncDispose]();
});

async function useContainer(): Promise<void> {
  const { Id } = await client.containers.create({ Image: image, Cmd: ["busybox", "sleep", "60"] });
  try {
    await client.containers.start(Id);
    await client.exec.create(Id, { Cmd: ["busybox", "true"] });
  } finally {
    await client.containers.remove(Id, { force: true });
  }
}

/** Uses containers at once until each attempt has failed or not; what failed must have a code that says why. */
async function attempts(count: number): Promise<readonly string[]> {
  const settled = await Promise.allSettled(Array.from({ length: count }, useContainer));
  const reasons = settled.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  for (const reason of reasons) {
    expect(isRuncibleError(reason) && reason.code in errorTable, String(reason)).toBe(true);
    expect(reason, String(reason)).not.toMatchObject({ code: "internal" });
  }
  return reasons.map((reason) => (isRuncibleError(reason) ? reason.code : ""));
}

/**
 * What the first attempts that met the limit were told: more and more of them at once, as on a busy machine few
 * overlap.
 */
async function attemptsUntilRefused(): Promise<readonly string[]> {
  for (let count = 5; count <= 80; count *= 2) {
    const codes = await attempts(count);
    if (codes.length > 0) return codes;
  }
  return [];
}

async function removeAll(): Promise<void> {
  for (const { Id } of await client.containers.list({ all: true })) await client.containers.remove(Id, { force: true });
}

async function expectUnharmed(): Promise<void> {
  const works = async (): Promise<boolean> => {
    await removeAll();
    return await useContainer().then(
      () => true,
      () => false,
    );
  };
  expect(await waitUntil(works, 20_000)).toBe(true);
  await expectNoMoreThan(idle, 10_000);
  expect(await readFile(join(engine.stateFolder, "engine.log"), "utf8")).not.toContain("defect:");
}

test.each([2, 8, 20])(
  "an engine that may open only %i more files says so, and goes on when it may open more",
  async (more) => {
    const pid = await enginePid(engine.stateFolder);
    const { stdout } = await run("prlimit", ["--pid", String(pid), "--nofile", "--noheadings", "--output=SOFT,HARD"]);
    const limit = (await openFiles(pid)) + more;
    await run("prlimit", ["--pid", String(pid), `--nofile=${limit}:`]);

    const codes = await attemptsUntilRefused();

    await run("prlimit", ["--pid", String(pid), `--nofile=${stdout.trim().split(/\s+/)[0]}:`]);
    expect(codes.length).toBeGreaterThan(0);
    await expectUnharmed();
    expect(await enginePid(engine.stateFolder)).toBe(pid);
  },
);

test.each([0, 2, 6])(
  "an engine that may start only %i more processes says so, and goes on when it may start more",
  async (more) => {
    const facts = await cgroupFacts();
    const group = controllerFolder(facts, `/runcible-test-${process.pid}`, "pids");
    const pid = await enginePid(engine.stateFolder);
    await mkdir(group);
    await moveTo(group, await tree(pid));
    const { length: tasks } = (await readFile(join(group, facts.version === 2 ? "cgroup.threads" : "tasks"), "utf8"))
      .trim()
      .split("\n");
    await writeFile(join(group, "pids.max"), String(tasks + more));

    const codes = await attemptsUntilRefused();

    await writeFile(join(group, "pids.max"), "max");
    expect(codes.length).toBeGreaterThan(0);
    await expectUnharmed();
    expect(await enginePid(engine.stateFolder)).toBe(pid);
    await client.system.shutdown();
    expect(
      await waitUntil(
        () =>
          rmdir(group).then(
            () => true,
            () => false,
          ),
        15_000,
      ),
    ).toBe(true);
  },
);

/** A process and everything below it. */
async function tree(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  const children = text.trim().split(/\s+/).filter(Boolean).map(Number);
  return [pid, ...(await Promise.all(children.map(tree))).flat()];
}

async function moveTo(group: string, pids: readonly number[]): Promise<void> {
  for (const pid of pids) await writeFile(join(group, "cgroup.procs"), String(pid));
}
