import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cgroupFacts, controllerFolder } from "../../../src/runtime/runc/cgroup-files";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { engineIdOf } from "../../support/leaks";
import { waitUntil } from "../../support/wait-until";
import { expectNoMoreThan, settledHoldings } from "../support/machine";

const engine = useNewEngineOfThisFile({ RUNCIBLE_IDLE_SECONDS: "600" });

async function start(command: string, limits: object): Promise<string> {
  const { Id } = await engine.client.containers.create({
    ...{ Image: await busyboxImage(), Cmd: ["sh", "-c", command] },
    HostConfig: limits,
  });
  await engine.client.containers.start(Id);
  return Id;
}

async function neighbourAnswers(): Promise<void> {
  const id = await start("echo here", {});
  expect((await engine.client.containers.wait(id)).StatusCode).toBe(0);
  await engine.client.containers.remove(id);
}

/** Asked of the kernel: how many there are, and how many were refused. */
async function processesOf(id: string): Promise<{ readonly now: number; readonly refused: number }> {
  const path = `/runcible-${await engineIdOf(engine.stateFolder)}/${id}`;
  const folder = controllerFolder(await cgroupFacts(), path, "pids");
  const [current, events] = await Promise.all(
    ["pids.current", "pids.events"].map((name) => readFile(join(folder, name), "utf8")),
  );
  return { now: Number(current), refused: Number(/^max (\d+)$/m.exec(events ?? "")?.[1]) };
}

/** A shell that cannot fork ends; what it has made goes on. */
const bomb = "sh -c 'while :; do sh -c \"while :; do sleep 1000 & done\" & done'; exec sleep 1000";

test("a fork bomb stays within its limit, harms no neighbour, and is removed", async () => {
  await neighbourAnswers();
  const idle = await settledHoldings(engine.stateFolder);
  const id = await start(bomb, { PidsLimit: 64 });
  // Its shells end at the limit, and what they made stays: the limit itself may be met for a moment only.
  expect(await waitUntil(async () => (await processesOf(id)).refused > 0, 60_000)).toBe(true);

  await neighbourAnswers();
  expect((await processesOf(id)).now).toBeLessThanOrEqual(64);

  await engine.client.containers.remove(id, { force: true });
  await expectNoMoreThan(idle, 10_000);
});

test("a container that takes all the memory it can get is killed at its limit, and harms no neighbour", async () => {
  await neighbourAnswers();
  const idle = await settledHoldings(engine.stateFolder);
  const hogs = await Promise.all(
    [1, 2, 3].map(() => start("exec tail /dev/zero", { Memory: 32 * 1024 * 1024, MemorySwap: 32 * 1024 * 1024 })),
  );
  await neighbourAnswers();

  for (const id of hogs) {
    expect((await engine.client.containers.wait(id)).StatusCode).toBe(137);
    expect((await engine.client.containers.inspect(id)).State.OOMKilled).toBe(true);
    await engine.client.containers.remove(id);
  }
  await expectNoMoreThan(idle, 10_000);
});
