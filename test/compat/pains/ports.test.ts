import { once } from "node:events";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { GenericContainer, TestContainers } from "../../../src/index";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";

const engine = useNewEngineOfThisFile();
let image: string;
beforeAll(async () => {
  image = await busyboxImage();
});

/** Whether somebody accepts a connection. */
function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("close", () => socket.destroy());
    setTimeout(() => socket.destroy(), 100).unref();
  });
}

const httpd = (): GenericContainer =>
  new GenericContainer(image).withExposedPorts(80).withCommand(["httpd", "-f", "-p", "80", "-h", "/www"]);

test("pain 20: sixteen containers at once all have their ports, and each answers the first connection", async () => {
  const containers = await Promise.all(Array.from({ length: 16 }, () => httpd().start()));
  try {
    const ports = containers.map((container) => container.getMappedPort(80));
    expect(new Set(ports).size).toBe(16);
    const pages = await Promise.all(ports.map(async (port) => (await fetch(`http://127.0.0.1:${port}/`)).text()));
    expect(pages).toEqual(Array.from({ length: 16 }, () => "hello\n"));
  } finally {
    await Promise.all(containers.map((container) => container.stop()));
  }
});

test("pain 22: a port is waited for in an image without a shell, and nothing is run in it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runcible-pains-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await cp("/usr/bin/busybox", join(folder, "httpd"));
  await writeFile(join(folder, "Dockerfile"), 'FROM scratch\nCOPY httpd /httpd\nCMD ["/httpd", "-f", "-p", "80"]\n');
  const built = await GenericContainer.fromDockerfile(folder).build();

  const listening = new AbortController();
  const events = await engine.client.events.subscribe({ signal: listening.signal });
  const actions: string[] = [];
  const collected = (async () => {
    for await (const { Action } of events) actions.push(Action);
  })().catch(() => {});

  await using container = await built.withExposedPorts(80).start();

  expect((await fetch(`http://127.0.0.1:${container.getMappedPort(80)}/`)).status).toBe(404);
  await container.stop();
  listening.abort();
  await collected;
  expect(actions).toContain("die");
  expect(actions.filter((action) => action.startsWith("exec"))).toEqual([]);
});

test("pain 23: four hundred published ports have one number on both loopback addresses, and on no other", async () => {
  const numbers = Array.from({ length: 100 }, (_, index) => 2000 + index);
  const elsewhere = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address;

  for (let round = 0; round < 4; round++) {
    await using container = await new GenericContainer(image)
      .withExposedPorts(...numbers)
      .withCommand(["sh", "-c", "for p in $(seq 2000 2099); do httpd -p $p -h /www; done; sleep 600"])
      .start();

    for (const number of numbers) {
      const port = container.getMappedPort(number);
      expect([port, await answers("127.0.0.1", port), await answers("::1", port)]).toEqual([port, true, true]);
      if (elsewhere !== undefined) expect([port, await answers(elsewhere, port)]).toEqual([port, false]);
    }
  }
});

test("pain 26: a container reaches a server of this test that listens on the loopback, with no image but its own", async () => {
  const server = createServer((_, response) => response.end("of the test")).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  await using container = await new GenericContainer(image).withCommand(["sleep", "600"]).start();
  const images = await engine.client.images.list();
  const { port } = server.address() as AddressInfo;

  // The container runs already.
  await TestContainers.exposeHostPorts(port);

  const { output } = await container.exec(["wget", "-qO-", `http://host.testcontainers.internal:${port}/`]);
  expect(output).toBe("of the test");
  expect(await engine.client.images.list()).toHaveLength(images.length);
});
