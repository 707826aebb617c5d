import { join } from "node:path";
import { expect, test } from "vitest";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { waitUntil } from "../../support/wait-until";
import { enginePid, memoryOf, openFiles } from "../support/engine-process";
import { expectNoMoreThan, settledHoldings } from "../support/machine";

const engine = useNewEngineOfThisFile({ RUNCIBLE_IDLE_SECONDS: "600" });

const warmUp = 100;
const rounds = 200;
/** So many at the beginning and the end are measured. */
const measured = 50;
const growthLimit = 10 * 1024 * 1024;

/** With a network of its own, a published port, an exec, a copy and a log that is read. */
async function round(image: string): Promise<void> {
  const { client } = engine;
  const { Id: network } = await client.networks.create({ Name: "round" });
  const { Id: id } = await client.containers.create({
    ...{ Image: image, Cmd: ["sh", "-c", "echo begun; exec sleep 100"], ExposedPorts: { "80/tcp": {} } },
    HostConfig: { NetworkMode: "round", PortBindings: { "80/tcp": [{ HostPort: "" }] } },
  });
  await client.containers.start(id);
  const { Id: exec } = await client.exec.create(id, { Cmd: ["true"], AttachStdout: true });
  (await client.exec.start(exec)).resume();
  for await (const _chunk of await client.containers.logs(id));
  for await (const _chunk of await client.containers.getArchive(id, "/etc/passwd"));
  await client.containers.stop(id, { timeoutSeconds: 0 });
  await client.containers.remove(id, { volumes: true });
  await client.networks.remove(network);
}

/** Garbage is collected when V8 sees fit: the least of several rounds is what is really held. */
async function leastMemory(image: string, pid: number, count: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let index = 0; index < count; index++) {
    await round(image);
    least = Math.min(least, await memoryOf(pid));
  }
  return least;
}

test(`${rounds} rounds of start and stop leave the engine as large as it was, and nothing else`, async () => {
  const image = await busyboxImage();
  const { stateFolder } = engine;
  const pid = await enginePid(stateFolder);
  const folders = ["containers", "networks", "volumes", "run/processes", "run/runc", "run/netns"];
  await leastMemory(image, pid, warmUp);
  const idle = await settledHoldings(
    stateFolder,
    folders.slice(0, 3).map((name) => join(stateFolder, name)),
  );
  const files = await openFiles(pid);

  const before = await leastMemory(image, pid, measured);
  await leastMemory(image, pid, rounds - 2 * measured);
  const after = await leastMemory(image, pid, measured);

  const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
  process.stdout.write(`engine memory: ${mebibytes(before)} MiB, then ${mebibytes(after)} MiB
`);
  expect(after - before).toBeLessThan(growthLimit);
  await expectNoMoreThan(idle, 10_000);
  expect(await waitUntil(async () => (await openFiles(pid)) <= files, 10_000)).toBe(true);
});
