import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createEventHub } from "../../../src/engine/events/event-hub";
import { openRecordStore } from "../../../src/engine/state/record-store";
import { isVolumeRecord, Volumes } from "../../../src/engine/volumes/volume-service";
import { silentLogger } from "../../../src/internal/log";

const everything = new Map([["all", ["true"]]]);

let root: string;
let volumes: Volumes;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "runcible-volumes-"));
  volumes = await open();
});

afterEach(() => rm(root, { recursive: true }));

async function open(): Promise<Volumes> {
  const store = await openRecordStore(root, { file: "record.json", isRecord: isVolumeRecord, logger: silentLogger });
  return await Volumes.open({ store, root, events: createEventHub({ now: () => 0n }), logger: silentLogger });
}

function specOf(name: string): Parameters<Volumes["create"]>[0] {
  return { name, labels: {}, options: {} };
}

test("a volume that is removed and made at once is whole, also for the next engine", async () => {
  await volumes.create(specOf("data"));

  const [, made] = await Promise.all([volumes.remove("data", { force: false }), volumes.create(specOf("data"))]);

  expect((await stat(made.mountpoint)).isDirectory()).toBe(true);
  expect((await (await open()).inspect("data")).createdAt).toBe(made.createdAt);
});

test("a name that no folder can have is refused as such", async () => {
  await expect(volumes.create(specOf("a".repeat(256)))).rejects.toMatchObject({ code: "invalid-argument" });
  expect((await volumes.create(specOf("a".repeat(255)))).name).toHaveLength(255);
});

test("a volume that is made twice at once is there for both", async () => {
  const made = await Promise.all([volumes.create(specOf("data")), volumes.create(specOf("data"))]);

  expect(made[0]).toEqual(made[1]);
});

test("a prune leaves volumes with options, which are of somebody's own place", async () => {
  await volumes.create({ ...specOf("mounted"), options: { type: "tmpfs", device: "tmpfs" } });
  await volumes.create(specOf("data"));

  expect(await volumes.prune(everything)).toMatchObject({ names: ["data"] });
});

test("what a container that is being created holds is neither pruned nor removed, and goes once it is released", async () => {
  const hold = volumes.hold("c1");
  const { name } = await hold.create(specOf(""));

  expect(await volumes.prune(everything)).toMatchObject({ names: [] });
  await expect(volumes.remove(name, { force: true })).rejects.toMatchObject({
    code: "volume-in-use",
    message: `remove ${name}: volume is in use - [c1]`,
  });

  hold.release();
  expect(await volumes.prune(everything)).toMatchObject({ names: [name] });
  expect(await readdir(root)).toEqual([]);
});
