import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { enginePid, memoryOf } from "../support/engine-process";

const engine = useNewEngineOfThisFile({ RUNCIBLE_IDLE_SECONDS: "600" });

const bytes = 1_300_000_000;
/** Of one log, unless it is told otherwise: see docs/docker-api.md. */
const logLimit = 1_000_000_000;
const memoryLimit = 150_000_000;

test("a container that writes 1.3 GB of log is held back by no slow reader, and fills neither memory nor disk", async () => {
  const image = await busyboxImage();
  const { client, stateFolder } = engine;
  const line = `${"x".repeat(999)}`;
  const { Id: id } = await client.containers.create({
    Image: image,
    Cmd: ["sh", "-c", `yes ${line} | head -c ${bytes}; echo; echo written`],
  });
  const pid = await enginePid(stateFolder);
  const before = await memoryOf(pid);
  await client.containers.start(id);
  // A reader that takes a piece now and then, and is never done.
  const follow = await client.containers.logs(id, { follow: true });
  let most = 0;
  let hasEnded = false;
  const watching = (async (): Promise<void> => {
    while (!hasEnded) {
      follow.read();
      most = Math.max(most, await memoryOf(pid));
      await delay(100);
    }
  })();

  const { StatusCode } = await client.containers.wait(id);
  hasEnded = true;
  await watching;
  follow.destroy();

  expect(StatusCode).toBe(0);
  expect(most - before).toBeLessThan(memoryLimit);
  expect(await sizeOf(join(stateFolder, "containers", id))).toBeLessThan(1.1 * logLimit);
  const last: string[] = [];
  for await (const chunk of await client.containers.logs(id, { tail: 1 })) last.push(String(chunk));
  expect(last.join("")).toBe("written\n");
  await client.containers.remove(id);
});

async function sizeOf(folder: string): Promise<number> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".log"));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
