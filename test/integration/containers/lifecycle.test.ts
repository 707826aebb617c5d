import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import type { EngineClient } from "../../../src/client/client";
import { readOutput } from "../../../src/client/output";
import { run, runUnchecked } from "../../../src/internal/exec";
import { rootTest } from "../../support/run-as";
import { storageFolderOf } from "../../support/storage-folder";
import { waitUntil } from "../../support/wait-until";
import { startEngine, useEngineWithImage } from "./engine-with-image";
import { gateRunc } from "./gated-runc";

const engine = useEngineWithImage();
const image = "bb:latest";

async function create({ containers }: EngineClient, script: string, hostConfig: object = {}): Promise<string> {
  return (await containers.create({ Image: image, Cmd: ["sh", "-c", script], HostConfig: hostConfig })).Id;
}

test("a client that stops reading holds a container back, but not its end", async () => {
  const { containers } = engine.client;
  const id = await create(engine.client, "yes");
  const stalled = await containers.attach(id, { stdin: false });
  stalled.pause();
  await containers.start(id);
  const logged = async (): Promise<number> => {
    // An ordinary user may not look into the overlay's work folder, which du counts as a failure.
    const { stdout } = await runUnchecked("du", [
      "--bytes",
      "--total",
      "--",
      join(await storageFolderOf(engine), "containers", id),
    ]);
    return Number(/^(\d+)\ttotal/m.exec(stdout)?.[1]);
  };
  // It has come to a stand when two readings a moment apart are the same.
  let last = 0;
  const stands = async (): Promise<boolean> => {
    const before = last;
    last = await logged();
    return last > 1_000_000 && last === before;
  };
  expect(await waitUntil(stands, 30_000)).toBe(true);

  await containers.stop(id, { timeoutSeconds: 0 });
  await containers.remove(id);

  await expect(containers.inspect(id)).rejects.toMatchObject({ code: "container-not-found" });
  stalled.destroy();
});

test("an exec that leaves a process in the background ends with its own exit code", async () => {
  const { containers, exec } = engine.client;
  const id = await create(engine.client, "sleep 1000");
  await containers.start(id);
  const command = ["sh", "-c", "sleep 1000 & echo started; exit 3"];
  const created = await exec.create(id, { Cmd: command, AttachStdout: true, AttachStderr: true });

  let output = "";
  for await (const { payload } of readOutput(await exec.start(created.Id))) output += payload.toString();

  expect(output).toBe("started\n");
  expect(await exec.inspect(created.Id)).toMatchObject({ ExitCode: 3, Running: false });
  await containers.remove(id, { force: true });
});

rootTest(
  "a container whose log fills the disk runs on, and can be stopped and removed",
  "it mounts a disk",
  async () => {
    const disk = await mkdtemp(join(tmpdir(), "runcible-small-disk-"));
    await run("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", disk]);
    const before = process.env["TMPDIR"];
    try {
      process.env["TMPDIR"] = disk;
      await using onDisk = await startEngine();
      const { containers } = onDisk.client;
      const id = await create(
        onDisk.client,
        `yes ${"x".repeat(1000)} | head -c 48m; echo done > /dev/shm/done; sleep 1000`,
      );
      await containers.start(id);
      // Lines are lost, but the program is not held back: it gets to its end.
      const isDone = async (): Promise<boolean> =>
        (await onDisk.client.exec
          .create(id, { Cmd: ["test", "-e", "/dev/shm/done"], AttachStdout: true })
          .then(({ Id }) => runExec(onDisk.client, Id))) === 0;
      expect(await waitUntil(isDone, 60_000)).toBe(true);

      await containers.stop(id, { timeoutSeconds: 0 });
      expect((await containers.inspect(id)).State).toMatchObject({ Status: "exited", ExitCode: 137 });
      await containers.remove(id);
    } finally {
      process.env["TMPDIR"] = before;
      await run("umount", ["--lazy", disk]);
      await rm(disk, { recursive: true });
    }
  },
);

async function runExec({ exec }: EngineClient, id: string): Promise<number | null> {
  for await (const _ of readOutput(await exec.start(id))) {
    // Only its exit code counts.
  }
  return (await exec.inspect(id)).ExitCode;
}

test("a stop and removals that come during a start wait for it, or find its network in use", async () => {
  await using runc = await gateRunc();
  await using gated = await startEngine({ PATH: runc.path });
  const { containers, networks } = gated.client;
  const { Id: network } = await networks.create({ Name: "busy", Driver: "bridge" });
  const id = await create(gated.client, "sleep 1000", { NetworkMode: "busy" });
  const started = containers.start(id);
  await runc.reached();
  for (let time = 0; time < 2; time++) {
    await expect(networks.remove(network)).rejects.toMatchObject({ code: "network-in-use" });
  }
  const removed = containers.remove(id).catch((error: unknown) => error);
  const stopped = containers.stop(id, { timeoutSeconds: 0 });
  // Answered after both have been received: the engine takes requests in their order.
  await gated.client.system.info();

  await runc.letThrough();

  await started;
  expect(await removed).toMatchObject({ message: expect.stringContaining("container is running: stop the container") });
  await stopped;
  expect((await containers.inspect(id)).State).toMatchObject({ Status: "exited", ExitCode: 137 });
  await containers.remove(id);
  await networks.remove(network);
});

test("a forced removal that comes during a start leaves nothing of it", async () => {
  await using runc = await gateRunc();
  await using gated = await startEngine({ PATH: runc.path });
  const { containers } = gated.client;
  const id = await create(gated.client, "sleep 1000");
  const started = containers.start(id);
  await runc.reached();
  const removed = containers.remove(id, { force: true });
  await gated.client.system.info();

  await runc.letThrough();
  await started;
  await removed;

  expect(await containers.list({ all: true })).toEqual([]);
});

test("a stop ends the wait for a restart", async () => {
  const { containers } = engine.client;
  const id = await create(engine.client, "exit 1", { RestartPolicy: { Name: "always" } });
  await containers.start(id);
  const isWaiting = async (): Promise<boolean> => (await containers.inspect(id)).State.Status === "restarting";
  expect(await waitUntil(isWaiting, 30_000)).toBe(true);
  await expect(containers.remove(id)).rejects.toMatchObject({ code: "container-state" });

  await containers.stop(id);

  expect(await waitUntil(async () => (await containers.inspect(id)).State.Status === "exited", 30_000)).toBe(true);
  await containers.remove(id);
});

test("a start that fails leaves a container that ran before as exited", async () => {
  const { containers } = engine.client;
  const source = await mkdtemp(join(tmpdir(), "runcible-source-"));
  await writeFile(join(source, "file"), "");
  const id = await create(engine.client, "true", { Binds: [`${source}:/data`] });
  await containers.start(id);
  await containers.wait(id);
  await rm(source, { recursive: true });

  await expect(containers.start(id)).rejects.toThrow();

  expect((await containers.inspect(id)).State).toMatchObject({ Status: "exited", ExitCode: 128 });
  await containers.remove(id);
});

test("who sees that a container has ended finds its whole log", async () => {
  const { containers } = engine.client;
  const id = await create(engine.client, "printf unfinished");
  const logs: string[] = [];
  for (let round = 0; round < 12; round++) {
    await containers.start(id);
    // Quicker than a wait, which is told when all is done.
    while ((await containers.inspect(id)).State.Running) {
      // Asks again at once.
    }
    logs.push(await text(await containers.logs(id)));
    await containers.wait(id);
  }

  expect(logs).toEqual(logs.map((_log, round) => "unfinished".repeat(round + 1)));
  await containers.remove(id);
});

rootTest(
  "a process killed for want of memory is told while the first one goes on",
  "limits need a cgroup",
  async () => {
    const { containers, events } = engine.client;
    const memory = { Memory: 16 * 1024 * 1024, MemorySwap: 16 * 1024 * 1024 };
    const id = await create(engine.client, "tail /dev/zero; exit 3", memory);
    const stop = new AbortController();
    const seen = await events.subscribe({ filters: new Map([["container", [id]]]), signal: stop.signal });
    await containers.start(id);

    const actions: string[] = [];
    for await (const { Action } of seen) {
      actions.push(Action);
      if (Action === "die") break;
    }

    stop.abort();
    expect(actions).toEqual(["start", "oom", "die"]);
    await containers.wait(id);
    expect((await containers.inspect(id)).State).toMatchObject({ OOMKilled: true, ExitCode: 3 });
    await containers.remove(id);
  },
);
