import { join } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { text } from "node:stream/consumers";
import Docker from "dockerode";
import { beforeAll, expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";

const engine = useNewEngineOfThisFile();
let docker: Docker;
let image: string;

beforeAll(async () => {
  await getRuntime();
  image = await busyboxImage();
  docker = new Docker({ socketPath: join(engine.stateFolder, "engine.sock") });
});

test("run gives output and exit code", async () => {
  const out = new PassThrough();
  const printed = text(out);

  const [{ StatusCode }, container] = await docker.run(image, ["sh", "-c", "echo hello; exit 3"], out);
  out.end();
  await container.remove();

  expect(StatusCode).toBe(3);
  expect(await printed).toContain("hello");
});

test("a container from create to remove: attach, logs, exec with input, stats, files", async () => {
  const container = await docker.createContainer({
    Image: image,
    Cmd: ["sh", "-c", "echo out; echo err >&2; exec sleep 1000"],
    Labels: { by: "dockerode" },
    HostConfig: { AutoRemove: false },
  });
  const attached = await container.attach({ stream: true, stdout: true, stderr: true, hijack: true });
  const seen = { stdout: "", stderr: "" };
  docker.modem.demuxStream(attached, sink(seen, "stdout"), sink(seen, "stderr"));
  await container.start();
  await expect.poll(() => seen).toEqual({ stdout: "out\n", stderr: "err\n" });

  const exec = await container.exec({ Cmd: ["cat"], AttachStdin: true, AttachStdout: true });
  const duplex = await exec.start({ hijack: true, stdin: true });
  const echoed = { stdout: "" };
  docker.modem.demuxStream(duplex, sink(echoed, "stdout"), sink(echoed, "stdout"));
  duplex.end("typed");
  await expect.poll(() => echoed.stdout).toBe("typed");
  await expect.poll(async () => (await exec.inspect()).ExitCode).toBe(0);

  const listed = await docker.listContainers({ filters: { label: ["by=dockerode"] } });
  expect(listed.map(({ Id }) => Id)).toEqual([container.id]);
  expect((await container.stats({ stream: false })).pids_stats?.current).toBe(1);
  expect((await container.logs({ stdout: true, stderr: false })).toString()).toContain("out\n");
  await container.stop({ t: 0 });
  await expect(container.stop()).rejects.toMatchObject({ statusCode: 304 });
  await container.remove();
  await expect(container.inspect()).rejects.toMatchObject({ statusCode: 404 });
});

test("images, networks, volumes and events", async () => {
  const events = (await docker.getEvents({ filters: { type: ["network"] } })) as Readable;
  const network = await docker.createNetwork({ Name: "rode", Labels: { by: "dockerode" } });
  expect(JSON.parse(String((await once(events)) ?? "{}"))).toMatchObject({ Type: "network", Action: "create" });
  events.destroy();
  const volume = await docker.createVolume({ Name: "rode", Labels: {} });
  expect((await docker.getImage(image).inspect()).RepoTags).toContain(image);
  await docker.getImage(image).tag({ repo: "rode", tag: "1" });
  await docker.getImage("rode:1").remove();
  await network.remove();
  await docker.getVolume(volume.name).remove();
  expect((await docker.df()).Images).toHaveLength(1);
  expect((await docker.info()).Containers).toBe(0);
});

function sink<K extends string>(into: Record<K, string>, key: K): PassThrough {
  const stream = new PassThrough();
  stream.on("data", (chunk) => {
    into[key] += String(chunk);
  });
  return stream;
}

function once(stream: Readable): Promise<unknown> {
  return new Promise((resolve) => stream.once("data", resolve));
}
