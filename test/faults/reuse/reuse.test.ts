import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LABEL_TESTCONTAINERS_CONTAINER_HASH } from "../../../src/api/labels";
import { connect } from "../../../src/client/connect";
import { busyboxImage } from "../../integration/api/busybox-image";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { waitUntil } from "../../support/wait-until";
import { killNow } from "../killed/victims";
import { enginePid } from "../support/engine-process";

const fixture = join(__dirname, "../../fixtures/reuse-container.cjs");
const idleSeconds = 2;
let engine: TestEngine;
let image: string;
let folder: string;

beforeAll(async () => {
  engine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_REUSE_IDLE_SECONDS: String(idleSeconds) });
  image = await busyboxImage();
  folder = await mkdtemp(join(tmpdir(), "runcible-reuse-"));
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

interface Shared {
  readonly id: string;
  readonly isInitialised: boolean;
}

/** A process that asks for the container with this text copied in. */
async function startProcess(text: string, end: "exit" | "hang") {
  const file = join(folder, text);
  await writeFile(file, text);
  const child = spawn(process.execPath, [fixture, image, file, end], {
    env: engine.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  const shared = once(child.stdout, "data").then(([line]) => JSON.parse(String(line)) as Shared);
  const isMaking = once(child.stderr, "data");
  return { child, exited, shared, isMaking };
}

async function askFor(text: string): Promise<Shared> {
  const { shared, exited } = await startProcess(text, "exit");
  const [found] = await Promise.all([shared, exited]);
  return found;
}

async function reusable(): Promise<readonly string[]> {
  const filters = new Map([["label", [LABEL_TESTCONTAINERS_CONTAINER_HASH]]]);
  return (await engine.client.containers.list({ all: true, filters })).map(({ Id }) => Id);
}

test("processes that ask at once get one container, and only when it is ready", async () => {
  const found = await Promise.all(Array.from({ length: 6 }, () => askFor("at-once")));

  expect(new Set(found.map(({ id }) => id)).size).toBe(1);
  expect(found.map(({ isInitialised }) => isInitialised)).toEqual(Array(6).fill(true));
});

test("one byte of a copied file makes another container", async () => {
  const first = await askFor("a");
  const [again, other] = [await askFor("a"), await askFor("b")];

  expect(again.id).toBe(first.id);
  expect(other.id).not.toBe(first.id);
});

test("what a maker that is killed has begun is never handed out", async () => {
  const maker = await startProcess("killed", "hang");
  maker.shared.catch(() => {});
  await maker.isMaking;
  const [begun] = await reusable();
  maker.child.kill("SIGKILL");
  await maker.exited;

  const { id, isInitialised } = await askFor("killed");

  expect(isInitialised).toBe(true);
  expect(await reusable()).not.toContain(begun);
  expect(id).not.toBe(begun);
});

test("a container that nobody uses goes after a while, and one that is used stays", async () => {
  const user = await startProcess("used", "hang");
  const { id: used } = await user.shared;
  const { id: unused } = await askFor("unused");

  expect(await waitUntil(async () => !(await reusable()).includes(unused), 20_000)).toBe(true);
  expect(await reusable()).toContain(used);

  user.child.kill("SIGKILL");
  expect(await waitUntil(async () => (await reusable()).length === 0, 20_000)).toBe(true);
});

test("what was being made when the engine was killed is gone at the next start, and what was ready stays", async () => {
  const user = await startProcess("survives", "hang");
  const { id: ready } = await user.shared;
  const before = await reusable();
  const maker = await startProcess("lost", "hang");
  maker.shared.catch(() => {});
  await maker.isMaking;
  const begun = (await reusable()).filter((id) => !before.includes(id));
  // Frozen, it neither gives up its lease before nor makes another one after.
  maker.child.kill("SIGSTOP");
  killNow(await enginePid(engine.stateFolder));
  for (const { child } of [maker, user]) child.kill("SIGKILL");
  await Promise.all([maker.exited, user.exited]);

  const { client } = await connect({ ...engine.env, RUNCIBLE_REUSE_IDLE_SECONDS: "600" });
  client.close();

  expect(begun).toHaveLength(1);
  expect(await reusable()).toEqual([ready]);
});

test("what a maker asked for before it was killed is not made after its lease has ended", async () => {
  const { client } = await connect(engine.env);
  const before = await reusable();
  const body = { Image: image, Cmd: ["sleep", "60"], HostConfig: {} };
  for (const pauseMs of Array.from({ length: 20 }, (_, index) => index)) {
    const key = `late-${pauseMs}`;
    const { labels, close } = await client.reuse.lease({ Key: key });
    const Labels = { [LABEL_TESTCONTAINERS_CONTAINER_HASH]: key, ...labels };
    const created = client.containers.create({ ...body, Labels }, {});
    created.catch(() => {});
    await setTimeout(pauseMs);
    close();
    await created.catch(() => {});
  }

  const isGone = async (): Promise<boolean> => (await reusable()).every((id) => before.includes(id));
  expect(await waitUntil(isGone, 20_000)).toBe(true);
  const { labels, close } = await client.reuse.lease({ Key: "late" });
  close();
  const Labels = { [LABEL_TESTCONTAINERS_CONTAINER_HASH]: "late", ...labels };
  // The engine hears of a closed connection a moment later, and of the request on another.
  await expect
    .poll(async () => client.containers.create({ ...body, Labels }, {}).catch((error) => error.message))
    .toMatch(/the lease it was to be made under has ended/);
  expect(await waitUntil(isGone, 20_000)).toBe(true);
  client.close();
});
