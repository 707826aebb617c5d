import { Readable } from "node:stream";
import Docker from "dockerode";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { socketPathOf } from "../../../src/internal/state-folder";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { waitUntil } from "../../support/wait-until";
import { tarOf } from "../layer/layer-fixture";
import { busyboxImage } from "./busybox-image";

const engine = useEngineOfThisFile();

async function create(script: string, hostConfig: object = {}): Promise<string> {
  const { client } = engine;
  const { Id: id } = await client.containers.create({
    Image: await busyboxImage(),
    Cmd: ["sh", "-c", script],
    HostConfig: hostConfig,
  });
  onTestFinished(() => client.containers.remove(id, { force: true, volumes: true }));
  return id;
}

async function started(script: string, hostConfig: object = {}): Promise<string> {
  const id = await create(script, hostConfig);
  await engine.client.containers.start(id);
  return id;
}

async function namesIn(id: string, path: string): Promise<readonly string[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of await engine.client.containers.getArchive(id, path)) chunks.push(chunk);
  const { stdout } = await run("tar", ["-tP"], { input: Buffer.concat(chunks) });
  return stdout.trimEnd().split("\n").sort();
}

function put(id: string, path: string, name: string): Promise<void> {
  return engine.client.containers.putArchive(id, path, Readable.from([tarOf([{ name, data: "x" }])]));
}

test.each(["/", "/."])("%s of a running container holds what it holds when the container is stopped", async (path) => {
  const id = await started("echo x > /vol/file; exec sleep 1000", { Mounts: [volumeAt("/vol")] });
  await waitUntil(async () => (await namesIn(id, "/vol")).includes("vol/file"), 30_000);
  const running = await namesIn(id, path);
  await engine.client.containers.stop(id, { timeoutSeconds: 0 });

  expect(running).toContain(path === "/" ? "/bin/busybox" : "./bin/busybox");
  expect(running).toContain(path === "/" ? "/vol/file" : "./vol/file");
  expect(await namesIn(id, path)).toEqual(running);
});

function volumeAt(target: string): object {
  return { Type: "volume", Target: target };
}

test.each(["created", "running"])("a read-only root of a %s container is written to by no detour", async (state) => {
  const hostConfig = { ReadonlyRootfs: true, Mounts: [volumeAt("/vol")] };
  const id = await (state === "running" ? started : create)("exec sleep 1000", hostConfig);

  for (const path of ["/etc", "/vol/../etc", "/"]) {
    await expect(put(id, path, "planted")).rejects.toThrow("container rootfs is marked read-only");
  }
  await put(id, "/vol", "allowed");
  await put(id, "/", "vol/also-allowed");

  expect(await namesIn(id, "/vol")).toEqual(["vol/", "vol/allowed", "vol/also-allowed"]);
  expect(await namesIn(id, "/etc/.")).not.toContain("./planted");
});

test("the files of a created container lie under its volumes, and stay there", async () => {
  const id = await create("cat /vol/deep/file", { Mounts: [volumeAt("/vol"), volumeAt("/vol/deep")] });
  await put(id, "/vol/deep", "file");
  await engine.client.containers.start(id);

  expect(await engine.client.containers.wait(id)).toMatchObject({ StatusCode: 0 });
  expect(await namesIn(id, "/vol")).toEqual(["vol/", "vol/deep/", "vol/deep/file"]);
});

test("the changes of a container are its own, and not what is there to mount on", async () => {
  const id = await started(
    "echo x > /etc/new; mkdir /made; rm /www/index.html; chmod 700 /root; echo ok; exec sleep 1000",
  );
  const logs = await engine.client.containers.logs(id, { follow: true });
  for await (const text of logs) if (String(text).includes("ok")) break;

  const docker = new Docker({ socketPath: socketPathOf(engine.stateFolder, process.getuid?.() ?? 0) });

  expect(await docker.getContainer(id).changes()).toEqual([
    { Kind: 0, Path: "/etc" },
    { Kind: 1, Path: "/etc/new" },
    { Kind: 1, Path: "/made" },
    { Kind: 0, Path: "/root" },
    { Kind: 0, Path: "/www" },
    { Kind: 2, Path: "/www/index.html" },
  ]);
});

test("a container that changes nothing has no changes", async () => {
  const id = await started("exec sleep 1000");
  const docker = new Docker({ socketPath: socketPathOf(engine.stateFolder, process.getuid?.() ?? 0) });
  expect(await docker.getContainer(id).changes()).toEqual([]);
});

test.each([
  ["without a user keep the archive's", "", "4242:4343\n4242:4343\n"],
  ["with a user become that one's where asked for", "65534:65534", "65534:65534\n4242:4343\n"],
])("owners of files copied into a container %s", async (_what, user, owners) => {
  const { client } = engine;
  const { Id: id } = await client.containers.create({
    Image: await busyboxImage(),
    User: user,
    Cmd: ["stat", "-c", "%u:%g", "/tmp/asked", "/tmp/plain"],
  });
  onTestFinished(() => client.containers.remove(id, { force: true, volumes: true }));
  const file = (name: string): Readable => Readable.from([tarOf([{ name, data: "x", uid: 4242, gid: 4343 }])]);

  await client.containers.putArchive(id, "/tmp", file("asked"), { copyUIDGID: true });
  await client.containers.putArchive(id, "/tmp", file("plain"));

  await client.containers.start(id);
  await client.containers.wait(id);
  const chunks: string[] = [];
  for await (const chunk of await client.containers.logs(id)) chunks.push(String(chunk));
  expect(chunks.join("")).toBe(owners);
});
