import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createTransport, type Transport } from "../../../src/client/transport";
import { run } from "../../../src/internal/exec";
import type { MountBody } from "../../../src/wire/container-create";
import type { TestEngine } from "../../support/engine";
import { rootTest } from "../../support/run-as";
import { startEngine } from "./engine-with-image";

interface PruneAnswer {
  readonly VolumesDeleted: readonly string[] | null;
}

let engine: TestEngine;
let transport: Transport;

beforeAll(async () => {
  engine = await startEngine();
  transport = createTransport(engine.client.endpoint);
});

afterAll(async () => {
  transport.close();
  await engine[Symbol.asyncDispose]();
});

beforeEach(async () => {
  const { containers, volumes } = engine.client;
  for (const { Id } of await containers.list({ all: true })) await containers.remove(Id, { force: true });
  for (const { Name } of await volumes.list()) await volumes.remove(Name);
});

function prune(): Promise<PruneAnswer> {
  return transport.call("POST", "/volumes/prune");
}

async function createWith(...Mounts: readonly MountBody[]): Promise<string> {
  const { Id } = await engine.client.containers.create({ Image: "bb:latest", Cmd: ["true"], HostConfig: { Mounts } });
  return Id;
}

const anonymous: MountBody = { Type: "volume", Target: "/data" };

test("a prune leaves the volumes of containers that are being created", async () => {
  const { containers } = engine.client;
  let areMade = false;
  const made = Promise.all(Array.from({ length: 12 }, () => createWith(anonymous))).finally(() => {
    areMade = true;
  });

  while (!areMade) await prune();

  for (const id of await made) {
    const [mount] = (await containers.inspect(id)).Mounts;
    expect((await stat(mount?.Source ?? "")).isDirectory()).toBe(true);
  }
});

test("a create that fails after the first of its volumes was made leaves none", async () => {
  const missing: MountBody = { Type: "bind", Source: "/no/such", Target: "/missing" };

  await expect(createWith(anonymous, missing)).rejects.toMatchObject({ code: "bind-source-missing" });

  expect(await engine.client.volumes.list()).toEqual([]);
});

rootTest(
  "a volume that cannot be removed keeps nobody waiting for the container's end, and no other one from being pruned",
  "it makes a file immutable",
  async () => {
    const { containers, volumes } = engine.client;
    const [first, stuck, last] = [
      await createWith(anonymous),
      await createWith(anonymous),
      await createWith(anonymous),
    ];
    const [mount] = (await containers.inspect(stuck)).Mounts;
    const { Name: name = "", Source: folder = "" } = mount ?? {};
    const kept = join(folder, "kept");
    await writeFile(kept, "");
    await run("chattr", ["+i", kept]);
    try {
      // The engine answers with headers once it waits.
      const waiting = await transport.open("POST", `/containers/${stuck}/wait`, { query: { condition: "removed" } });
      await containers.remove(stuck, { volumes: true });
      expect(await json(waiting)).toMatchObject({ StatusCode: 0 });

      for (const id of [first, last]) await containers.remove(id);
      expect((await prune()).VolumesDeleted).toHaveLength(2);
      expect(await volumes.list()).toMatchObject([{ Name: name }]);
    } finally {
      await run("chattr", ["-i", kept]);
    }
    expect((await prune()).VolumesDeleted).toEqual([name]);
    await expect(stat(join(folder, ".."))).rejects.toMatchObject({ code: "ENOENT" });
  },
);
