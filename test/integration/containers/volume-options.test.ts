import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { connect } from "../../../src/client/connect";
import { killIfThere } from "../../../src/internal/kill-if-there";
import type { TestEngine } from "../../support/engine";
import { processesOf } from "../../support/leaks/processes";
import { waitUntil } from "../../support/wait-until";
import { startEngine } from "./engine-with-image";

let engine: TestEngine;
let host: string;

beforeAll(async () => {
  engine = await startEngine();
  host = await mkdtemp(join(tmpdir(), "runcible-device-"));
  await writeFile(join(host, "file"), "of the host\n");
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await rm(host, { recursive: true });
});

/** What a test that failed left would stand in the way of the next one. */
afterEach(async () => {
  const { containers, volumes } = engine.client;
  for (const { Id } of await containers.list({ all: true })) await containers.remove(Id, { force: true });
  for (const { Name } of await volumes.list()) await volumes.remove(Name);
});

async function outputOf(command: string): Promise<string> {
  const { containers } = engine.client;
  const HostConfig = { Binds: ["chosen:/mnt"] };
  const { Id } = await containers.create({ Image: "bb:latest", Cmd: ["sh", "-c", command], HostConfig });
  await containers.start(Id);
  await containers.wait(Id);
  const output = await text(await containers.logs(Id));
  await containers.remove(Id, { force: true });
  return output;
}

function make(DriverOpts: Readonly<Record<string, string>>): Promise<unknown> {
  return engine.client.volumes.create({ Name: "chosen", DriverOpts });
}

test("a volume that is a folder of the machine is used, and removing it removes nothing of that", async () => {
  await make({ type: "none", o: "bind", device: host });

  expect(await outputOf("cat /mnt/file; echo written > /mnt/new")).toBe("of the host\n");
  await engine.client.volumes.remove("chosen");

  expect((await readdir(host)).sort()).toEqual(["file", "new"]);
  expect(await readFile(join(host, "new"), "utf8")).toBe("written\n");
});

test("after the engine was killed the next one mounts it again", async () => {
  await make({ type: "none", o: "bind", device: host });
  await outputOf("true");
  for (const { pid } of await processesOf(engine.stateFolder)) killIfThere(pid, "SIGKILL");
  expect(await waitUntil(async () => (await processesOf(engine.stateFolder)).length === 0, 30_000)).toBe(true);
  (await connect()).client.close();

  expect(await outputOf("cat /mnt/file")).toBe("of the host\n");
  await engine.client.volumes.remove("chosen");
  expect(await readdir(host)).toContain("file");
});

test("a volume in memory keeps what one container wrote for the next", async () => {
  await make({ type: "tmpfs", o: "size=1m", device: "tmpfs" });

  expect(await outputOf("echo kept > /mnt/file; grep ' /mnt ' /proc/mounts | cut -d' ' -f3")).toBe("tmpfs\n");
  expect(await outputOf("cat /mnt/file")).toBe("kept\n");
  await engine.client.volumes.remove("chosen");
});

test("what cannot be mounted is told by the create, and what is no option by that of the volume", async () => {
  await make({ type: "none", o: "bind", device: "/nosuch/folder" });
  await expect(outputOf("true")).rejects.toThrow("failed to mount local volume: mount /nosuch/folder");
  await engine.client.volumes.remove("chosen");

  await expect(make({ nosuch: "1" })).rejects.toThrow('create chosen: invalid option: "nosuch"');
  await expect(make({ type: "nfs" })).rejects.toThrow('create chosen: missing required option: "device"');
});
