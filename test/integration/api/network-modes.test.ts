import { readlink } from "node:fs/promises";
import { hostname } from "node:os";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { GenericContainer, type StartedTestContainer } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { freePort } from "../../support/free-port";
import { busyboxImage } from "./busybox-image";

const engine = useEngineOfThisFile();

test.each(["", "127.0.0.1:"])("on the host's network a container's port %sN is the host's", async (address) => {
  const port = await freePort();
  await using container = await new GenericContainer(await busyboxImage())
    .withNetworkMode("host")
    .withCommand(["httpd", "-f", "-p", `${address}${port}`, "-h", "/www"])
    .withExposedPorts(port)
    .start();

  expect(container.getMappedPort(port)).toBe(port);
  expect(container.getFirstMappedPort()).toBe(port);
  const answer = await fetch(`http://127.0.0.1:${container.getMappedPort(port)}/`);
  expect(await answer.text()).toBe("hello\n");
});

test("without a network there is nothing to wait for: exposed ports are refused before anything is made", async () => {
  const name = "without-network";
  const container = new GenericContainer(await busyboxImage()).withName(name).withNetworkMode("none");

  await expect(container.withExposedPorts(80).start()).rejects.toMatchObject({
    code: "invalid-argument",
    message: expect.stringContaining("80/tcp"),
  });
  const filters = new Map([["name", [name]]]);
  expect(await (await getRuntime()).engine.containers.list({ all: true, filters })).toEqual([]);
});

test("without a network a container has its loopback and nothing else", async () => {
  await using container = await new GenericContainer(await busyboxImage())
    .withNetworkMode("none")
    .withCommand(["sleep", "60"])
    .start();

  expect((await container.exec(["ls", "/sys/class/net"])).output).toBe("lo\n");
  expect(container.getNetworkNames()).toEqual(["none"]);
});

test("without a network a published port is accepted as Docker does, and shown nowhere", async () => {
  const { engine } = await getRuntime();
  const { Id } = await engine.containers.create({
    Image: await busyboxImage(),
    Cmd: ["sleep", "60"],
    ExposedPorts: { "80/tcp": {} },
    HostConfig: { NetworkMode: "none", PortBindings: { "80/tcp": [{}] } },
  });
  onTestFinished(() => engine.containers.remove(Id, { force: true }));
  await engine.containers.start(Id);

  expect((await engine.containers.inspect(Id)).NetworkSettings.Ports).toEqual({});
});

test("with the network of another container come its host name and its ports, and no options of one's own", async () => {
  const image = await busyboxImage();
  await using owner = await new GenericContainer(image).withHostname("owner").withCommand(["sleep", "60"]).start();
  const guest = new GenericContainer(image)
    .withNetworkMode(`container:${owner.getId()}`)
    .withCommand(["httpd", "-f", "-p", "80", "-h", "/www"]);

  await expect(guest.withExposedPorts(80).start()).rejects.toThrow(
    "conflicting options: port publishing and the container type network mode",
  );
  await using started = await new GenericContainer(image)
    .withNetworkMode(`container:${owner.getId()}`)
    .withCommand(["nc", "-l", "-p", "81", "-e", "hostname"])
    .start();
  expect((await started.exec(["hostname"])).output).toBe("owner\n");
});

test.each([
  ["as the host", undefined, hostname()],
  ["as it says itself", "own", "own"],
])("on the host's network a container is called %s", async (_, wanted, name) => {
  const container = new GenericContainer(await busyboxImage()).withNetworkMode("host").withCommand(["sleep", "60"]);
  if (wanted !== undefined) container.withHostname(wanted);
  await using started = await container.start();

  expect((await started.exec(["sh", "-c", "hostname; cat /etc/hostname"])).output).toBe(`${name}\n${name}\n`);
  expect(started.getHostname()).toBe(name);
});

test("who joins the network of a container that has joined another's gets that one, and never the host's", async () => {
  const image = await busyboxImage();
  const sleeper = (other?: StartedTestContainer): GenericContainer => {
    const container = new GenericContainer(image).withCommand(["sleep", "60"]);
    return other === undefined ? container : container.withNetworkMode(`container:${other.getId()}`);
  };
  await using first = await sleeper().withHostname("first").start();
  await using second = await sleeper(first).start();
  await using third = await sleeper(second).start();

  const about = "readlink /proc/self/ns/net; hostname; cat /etc/hosts";
  const [one, three] = await Promise.all([first, third].map((container) => container.exec(["sh", "-c", about])));
  expect(three?.output).toBe(one?.output);
  expect(one?.output).not.toContain(await readlink("/proc/self/ns/net"));
});

test("the network of the reaper that the engine stands in for can be joined, its process namespace cannot", async () => {
  const { client } = engine;
  const reaperImage = "testcontainers/ryuk:0.12.0";
  await client.images.pull({ name: "testcontainers/ryuk", tag: "0.12.0" });
  const { Id: reaper } = await client.containers.create({ Image: reaperImage });
  onTestFinished(() => client.containers.remove(reaper, { force: true }));
  await client.containers.start(reaper);
  const container = async (HostConfig: object): Promise<string> => {
    const Cmd = ["sh", "-c", "cat /etc/hosts; echo 'label=a=b' | nc 127.0.0.1 8080"];
    const { Id } = await client.containers.create({ Image: await busyboxImage(), Cmd, HostConfig });
    onTestFinished(() => client.containers.remove(Id, { force: true }));
    return Id;
  };

  const guest = await container({ NetworkMode: `container:${reaper}` });
  await client.containers.start(guest);
  await client.containers.wait(guest);
  expect(await text(await client.containers.logs(guest))).toMatch(/127\.0\.0\.1\s+localhost\n.*ACK/s);

  const intruder = await container({ PidMode: `container:${reaper}` });
  await expect(client.containers.start(intruder)).rejects.toMatchObject({
    code: "invalid-argument",
    message: expect.stringContaining("stands in for it"),
  });
});
