import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { EngineClient } from "../../../src/client/client";
import { connect } from "../../../src/client/connect";
import { removeStateFolder } from "../../../src/client/remove-state";
import { tarOf } from "../../integration/layer/layer-fixture";
import { expectNothingLeft, takeSteadySnapshot } from "../../support/leaks";
import { processesOf } from "../../support/leaks/processes";
import { busyboxLayer, noiseLayer, pushLayers, type TestLayer } from "../../support/registry/layered-image";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";
import { waitUntil } from "../../support/wait-until";
import { type EngineOnSmallDisk, engineOnSmallDisk } from "../support/small-disk";
import { faultsOfStore, type LayerContents } from "../support/store";

const megabyte = 1_000_000;
const diskBytes = 32 * megabyte;
const nothingKnown: LayerContents = new Map();

let registry: TestRegistry;
let disk: EngineOnSmallDisk;
let client: EngineClient;

beforeAll(async () => {
  registry = await startRegistry();
  const busybox = await busyboxLayer();
  const push = (name: string, ...layers: readonly TestLayer[]): Promise<void> =>
    pushLayers(registry, `${name}:1`, layers);
  await push("small", busybox);
  // Of each the first layer is good, and no other image has it.
  await push("large", noiseLayer("a", megabyte), noiseLayer("large", 1.2 * diskBytes));
  // Its blob is small, what it unpacks to is not.
  await push("swelling", noiseLayer("b", megabyte), { name: "zeros", content: Buffer.alloc(2 * diskBytes) });
});

afterAll(() => registry[Symbol.asyncDispose]());

beforeEach(async () => {
  disk = await engineOnSmallDisk(diskBytes);
  client = (await connect()).client;
  await pull("small");
});

afterEach(async () => {
  client.close();
  await disk[Symbol.asyncDispose]();
});

const nameOf = (image: string): string => `${registry.host}/${image}`;
const pull = (image: string): Promise<void> => client.images.pull({ name: nameOf(image), tag: "1" });
const diskFull = expect.objectContaining({ code: "disk-full", message: expect.stringContaining("RUNCIBLE_STATE_DIR") });

async function create(...command: readonly string[]): Promise<string> {
  const { Id } = await client.containers.create({ Image: `${nameOf("small")}:1`, Cmd: ["/busybox", ...command] });
  return Id;
}

async function started(...command: readonly string[]): Promise<string> {
  const id = await create(...command);
  await client.containers.start(id);
  return id;
}

async function storeFaults(): Promise<readonly string[]> {
  return (await faultsOfStore(disk.engine.stateFolder, nothingKnown)).filter(
    (fault) => !fault.includes("/containers/"),
  );
}

test.each(["large", "swelling"])(
  "a pull of an image that is %s for the disk says so and leaves nothing",
  async (image) => {
    const before = await disk.freeBytes();
    const { stateFolder } = disk.engine;
    const folders = ["layers", "images/blobs/sha256", "images/blobs/partial"].map((name) => join(stateFolder, name));
    const machine = await takeSteadySnapshot({ stateFolder, folders });

    await expect(pull(image)).rejects.toEqual(diskFull);

    await expectNothingLeft(machine, 1_000);
    expect(await waitUntil(async () => (await disk.freeBytes()) >= before - 100_000, 5_000)).toBe(true);
    expect(await storeFaults()).toEqual([]);
    expect(await client.images.exists(`${nameOf(image)}:1`)).toBe(false);
    const id = await started("true");
    expect((await client.containers.wait(id)).StatusCode).toBe(0);
  },
);

test("a commit of what does not fit on the disk a second time says so and leaves nothing", async () => {
  const id = await started(
    "dd",
    "if=/dev/zero",
    "of=/large",
    "bs=1M",
    `count=${Math.round(diskBytes / megabyte / 2.4)}`,
  );
  expect((await client.containers.wait(id)).StatusCode).toBe(0);
  const { stateFolder } = disk.engine;
  const folders = ["layers", "images/blobs/sha256"].map((name) => join(stateFolder, name));
  const machine = await takeSteadySnapshot({ stateFolder, folders });

  await expect(client.containers.commit(id, { repo: "large", tag: "1" })).rejects.toEqual(diskFull);

  await expectNothingLeft(machine, 1_000);
  await client.containers.remove(id);
  expect(await storeFaults()).toEqual([]);
});

test("a container that is made on a full disk fails as such, leaves nothing, and succeeds when there is room", async () => {
  await disk.fill();
  await expect(create("true")).rejects.toEqual(diskFull);
  expect(await readdir(join(disk.engine.stateFolder, "containers"))).toEqual([]);

  await disk.free();
  expect((await client.containers.wait(await started("true"))).StatusCode).toBe(0);
});

test("a container that is started on a full disk fails as such and can be started when there is room", async () => {
  const id = await create("true");
  await disk.fill();
  await expect(client.containers.start(id)).rejects.toEqual(diskFull);

  await disk.free();
  await client.containers.start(id);
  expect((await client.containers.wait(id)).StatusCode).toBe(0);
});

test("a container whose log finds no room runs on, and its later lines are there when there is room", async () => {
  const script = "while read -r line; do echo $line; done";
  const { Id: id } = await client.containers.create({
    ...{ Image: `${nameOf("small")}:1`, Cmd: ["/busybox", "sh", "-c", script] },
    ...{ OpenStdin: true, AttachStdin: true, StdinOnce: true },
  });
  const input = await client.containers.attach(id, { stdin: true });
  input.resume();
  await client.containers.start(id);
  const logged = async (): Promise<string> => await text(await client.containers.logs(id));
  input.write("before\n");
  expect(await waitUntil(async () => (await logged()).includes("before"), 5_000)).toBe(true);

  await disk.fill();
  input.write(`${"x".repeat(200_000)}\n`);
  await expect(client.containers.inspect(id)).resolves.toMatchObject({ State: { Running: true } });
  await disk.free();
  const isThere = async (): Promise<boolean> => {
    input.write("after\n");
    return (await logged()).includes("after");
  };
  expect(await waitUntil(isThere, 5_000)).toBe(true);

  input.end();
  expect((await client.containers.wait(id)).StatusCode).toBe(0);
  expect(await logged()).toMatch(/^before\n/);
});

test("a container ends, is waited for, inspected and removed on a full disk", async () => {
  const id = await started("sleep", "60");
  await disk.fill();

  await client.containers.kill(id);
  expect((await client.containers.wait(id)).StatusCode).toBe(137);
  await expect(client.containers.inspect(id)).resolves.toMatchObject({ State: { Status: "exited", ExitCode: 137 } });
  await client.containers.remove(id);
  expect(await client.containers.list({ all: true })).toEqual([]);
});

test("a restart policy that meets a full disk leaves a container that is seen to have ended", async () => {
  const { Id: id } = await client.containers.create({
    ...{ Image: `${nameOf("small")}:1`, Cmd: ["/busybox", "sh", "-c", "sleep 0.2; exit 3"] },
    HostConfig: { RestartPolicy: { Name: "always" } },
  });
  await client.containers.start(id);
  const restarts = async (): Promise<number> => (await client.containers.inspect(id)).RestartCount;
  expect(await waitUntil(async () => (await restarts()) > 0, 10_000)).toBe(true);

  await disk.fill();
  // Nothing that starts needs new room, or it fails and is said to: in between there must be nothing.
  const hasEnded = async (): Promise<boolean> => (await client.containers.inspect(id)).State.Status === "exited";
  const before = await restarts();
  const goesOn = async (): Promise<boolean> => (await restarts()) > before + 1;
  expect(await waitUntil(async () => (await hasEnded()) || (await goesOn()), 20_000)).toBe(true);

  await disk.free();
  await client.containers.stop(id, { timeoutSeconds: 0 });
  await client.containers.start(id);
  expect(await waitUntil(async () => (await restarts()) > 0, 10_000)).toBe(true);
  await client.containers.remove(id, { force: true });
});

test("a copy into a container that finds no room says so, and the container goes on", async () => {
  const id = await started("sleep", "60");
  const large = tarOf([{ name: "large", data: Buffer.alloc(diskBytes, "x") }]);

  await expect(client.containers.putArchive(id, "/", Readable.from([large]))).rejects.toEqual(diskFull);

  await expect(client.containers.inspect(id)).resolves.toMatchObject({ State: { Running: true } });
  await client.containers.remove(id, { force: true });
});

test("an engine that is to start on a full disk says so, and starts when there is room", async () => {
  await client.system.shutdown();
  expect(await waitUntil(async () => (await processesOf(disk.engine.stateFolder)).length === 0, 15_000)).toBe(true);
  await disk.fill();
  await expect(connect()).rejects.toEqual(diskFull);

  await disk.free();
  const again = await connect();
  expect(await again.client.images.exists(`${nameOf("small")}:1`)).toBe(true);
  again.client.close();
});

test("a state folder on a full disk is removed", async () => {
  await client.system.shutdown();
  expect(await waitUntil(async () => (await processesOf(disk.engine.stateFolder)).length === 0, 15_000)).toBe(true);
  await disk.fill();
  await removeStateFolder(disk.engine.stateFolder);
  await disk.free();
  await expect(readdir(disk.engine.stateFolder)).rejects.toMatchObject({ code: "ENOENT" });
});
