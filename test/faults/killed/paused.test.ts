import { access } from "node:fs/promises";
import { expect, test } from "vitest";
import { connect } from "../../../src/client/connect";
import { run } from "../../../src/internal/exec";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { processesOf } from "../../support/leaks/processes";
import { waitUntil } from "../../support/wait-until";
import { expectNoMoreThan, nothingOf } from "../support/machine";
import { findVictim, killNow } from "./victims";

const engine = useNewEngineOfThisFile({ RUNCIBLE_IDLE_SECONDS: "600" });

async function pausedContainer(): Promise<void> {
  const image = await busyboxImage();
  const { client } = await connect();
  const { Id } = await client.containers.create({ Image: image, Cmd: ["sleep", "1000"] });
  await client.containers.start(Id);
  await client.containers.pause(Id);
  client.close();
}

test("a paused container, which version 1 of cgroups keeps from dying, goes with an engine that is killed", async () => {
  await pausedContainer();
  killNow((await findVictim("engine", engine.stateFolder, () => 0)) ?? -1);
  await expectNoMoreThan(nothingOf(engine.stateFolder), 5_000);
});

test("a paused container goes at the next start when its engine's first process was killed", async () => {
  await pausedContainer();
  const first = (await processesOf(engine.stateFolder)).find(({ key }) => /\) \/bin\/sh -c "\$0"/.test(key));
  killNow(first?.pid ?? -1);
  const isGone = async (): Promise<boolean> => (await findVictim("engine", engine.stateFolder, () => 0)) === undefined;
  expect(await waitUntil(isGone, 5_000)).toBe(true);

  const { client } = await connect();

  await expect(client.containers.list({ all: true })).resolves.toContainEqual(
    expect.objectContaining({ State: "exited" }),
  );
  client.close();
});

test("a paused container goes at the next start when everything of the engine was killed at once", async () => {
  await pausedContainer();
  for (const { pid } of await processesOf(engine.stateFolder)) killNow(pid);

  const { client } = await connect();

  await expect(client.containers.list({ all: true })).resolves.toContainEqual(
    expect.objectContaining({ State: "exited" }),
  );
  client.close();
});

test("a paused container does not keep what is left of an engine from being reset", async () => {
  await pausedContainer();
  for (const { pid } of await processesOf(engine.stateFolder)) killNow(pid);

  await run(process.execPath, ["build/cli/main.js", "reset", "--force"]);

  await expectNoMoreThan(nothingOf(engine.stateFolder), 5_000);
  await expect(access(engine.stateFolder)).rejects.toMatchObject({ code: "ENOENT" });
});
