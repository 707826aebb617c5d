import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  GenericContainer,
  getContainerRuntimeClient,
  ImageName,
  isRuncibleError,
  StartedNetwork,
  Wait,
} from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { busyboxImage } from "./busybox-image";

useEngineOfThisFile();

async function thrown(call: Promise<unknown>): Promise<Record<string, unknown>> {
  return call.then(
    () => expect.unreachable("it did not fail"),
    (error: unknown) => error as Record<string, unknown>,
  );
}

/** What programs read of an error of dockerode. */
function shape({ message, statusCode, reason, json }: Record<string, unknown>): unknown {
  return { message, statusCode, reason, json };
}

test("an error of a container's handle has the words and fields of dockerode, and a code", async () => {
  const { container } = await getContainerRuntimeClient();

  const error = await thrown(container.getById("nope").inspect());
  const dockerode = await thrown(container.dockerode.getContainer("nope").inspect());

  // Their JSON is a whole answer, which has the code of our own engine as well.
  expect(shape(error)).toEqual({ ...(shape(dockerode) as object), json: { message: "No such container: nope" } });
  expect(dockerode["json"]).toMatchObject({ message: "No such container: nope" });
  expect(isRuncibleError(error) && error.code).toBe("container-not-found");
  expect(String(error)).toMatch(/404/);
});

test("calls of containers, images and networks that fail have a status", async () => {
  const { container, image, network } = await getContainerRuntimeClient();
  const nope = container.getById("nope");

  const errors = [
    await thrown(nope.stop()),
    await thrown(nope.remove()),
    await thrown(container.exec(nope, ["true"])),
    await thrown(container.fetchArchive(nope, "/etc")),
    await thrown(image.inspect(ImageName.fromString("no-such-image:1"))),
    await thrown(network.getById("nope").inspect()),
  ];

  expect(errors.map(({ statusCode, reason }) => [statusCode, reason])).toEqual([
    ...Array.from({ length: 4 }, () => [404, "no such container"]),
    [404, "no such image"],
    [404, "no such network"],
  ]);
});

test("a container is found by its label, and its files are read and written", async () => {
  const { container } = await getContainerRuntimeClient();
  await using started = await new GenericContainer(await busyboxImage())
    .withLabels({ "org.example.kind": "found" })
    .withCommand(["sleep", "60"])
    .start();

  const found = await container.fetchByLabel("org.example.kind", "found", { status: ["running"] });
  expect(found?.id).toBe(started.getId());
  expect(await container.fetchByLabel("org.example.kind", "found", { status: ["exited"] })).toBeUndefined();
  expect(await container.fetchByLabel("org.example.kind", "other")).toBeUndefined();

  const handle = container.getById(started.getId());
  await started.copyContentToContainer([{ content: "text", target: "/opt/file" }]);
  await container.putArchive(handle, await container.fetchArchive(handle, "/opt/file"), "/tmp");
  expect((await started.exec(["cat", "/tmp/file"])).stdout).toBe("text");

  const gone = await thrown(container.fetchArchive(handle, "/no/such"));
  expect(gone).toMatchObject({ statusCode: 404, code: "path-not-found" });
  const archive = await container.fetchArchive(handle, "/opt");
  archive.resume();
  await once(archive, "end");
});

test("an attached container is heard from its first word on, both streams as text", async () => {
  const { container } = await getContainerRuntimeClient();
  const Cmd = ["sh", "-c", "echo out; sleep 0.1; echo err >&2"];
  const created = await container.create({ Image: await busyboxImage(), Cmd });

  const output = await container.attach(created);
  await container.start(created);

  expect((await output.toArray()).join("")).toBe("out\nerr\n");
  await container.remove(created);
});

test("handles have dockerode's options and callbacks, and its other methods", async () => {
  const { container, network } = await getContainerRuntimeClient();
  await using started = await new GenericContainer(await busyboxImage()).withCommand(["sleep", "60"]).start();
  const handle = container.getById(started.getId());

  // Of Docker's API, but not in the types of dockerode.
  const withSizes: object = { size: true };
  expect(await handle.inspect(withSizes)).toHaveProperty("SizeRw");
  expect(await handle.inspect()).not.toHaveProperty("SizeRw");
  const called = await new Promise((resolve, reject) =>
    handle.inspect((error, result) => (error ? reject(error) : resolve(result?.Id))),
  );
  expect(called).toBe(started.getId());

  const created = await network.create({ Name: `net-${started.getId().slice(0, 12)}` });
  await created.connect({ Container: started.getId() });
  expect(Object.keys((await created.inspect()).Containers ?? {})).toEqual([started.getId()]);
  await created.disconnect({ Container: started.getId() });
  await network.remove(created);
});

test("a wait for a container's removal lasts until it is removed", async () => {
  const { container } = await getContainerRuntimeClient();
  const created = await container.create({ Image: await busyboxImage(), Cmd: ["true"] });

  const removed = created.wait({ condition: "removed" }).then(() => "removed");
  await container.start(created);
  await created.wait();
  expect(await Promise.race([removed, created.inspect().then(() => "still there")])).toBe("still there");

  await container.remove(created);
  expect(await removed).toBe("removed");
});

test("a network of the low-level client is wrapped as one that was started", async () => {
  const client = await getContainerRuntimeClient();
  const created = await client.network.create({ Name: "wrapped" });

  const network = new StartedNetwork(client, "wrapped", created);
  expect([network.getId(), network.getName()]).toEqual([created.id, "wrapped"]);
  await network.stop();

  await expect(created.inspect()).rejects.toMatchObject({ statusCode: 404 });
});

test("a build takes every option of the API", async () => {
  const { image, container } = await getContainerRuntimeClient();
  const folder = await mkdtemp(join(tmpdir(), "runcible-build-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const look = "ls /sys/class/net > /seen; df -k /dev/shm | tail -n 1 >> /seen; grep known /etc/hosts >> /seen";
  await writeFile(join(folder, "Dockerfile"), `FROM ${await busyboxImage()}\nRUN ${look}\nCMD cat /seen\n`);

  const t = "localhost/every-option:1";
  await image.build(folder, { t, networkmode: "none", shmsize: 2 ** 20, extrahosts: "known:1.2.3.4" });

  await using started = await new GenericContainer(t).withWaitStrategy(Wait.forOneShotStartup()).start();
  const lines = (await (await started.logs()).toArray()).join("").trim().split("\n");
  expect(lines).toEqual(["lo", expect.stringMatching(/^shm\s+1024\s/), expect.stringMatching(/^1\.2\.3\.4\s+known$/)]);
  await container.dockerode.getImage(t).remove({ force: true });
});
