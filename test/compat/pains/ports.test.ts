import { once } from "node:events";
import { cp, link, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { GenericContainer, TestContainers, Wait } from "../../../src/index";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { waitUntil } from "../../support/wait-until";
import { busyMachine } from "./busy-machine";
import { howOften } from "./how-often";

const engine = useNewEngineOfThisFile();
let image: string;
beforeAll(async () => {
  image = await busyboxImage();
});

const httpd = (): GenericContainer =>
  new GenericContainer(image).withExposedPorts(80).withCommand(["httpd", "-f", "-p", "80", "-h", "/www"]);

test("pain 20: sixteen containers at once know their ports before they start, and each answers the first connection, while the machine is busy", async () => {
  using _busy = busyMachine();
  const known: number[] = [];
  const containers = await Promise.all(
    Array.from({ length: 16 }, (_, index) =>
      httpd()
        .withEnvironment(({ port }) => {
          known[index] = port(80);
          return {};
        })
        .start(),
    ),
  );
  try {
    const ports = containers.map((container) => container.getMappedPort(80));
    expect(new Set(ports).size).toBe(16);
    expect(known).toEqual(ports);
    const pages = await Promise.all(ports.map(async (port) => (await fetch(`http://127.0.0.1:${port}/`)).text()));
    expect(pages).toEqual(Array.from({ length: 16 }, () => "hello\n"));
  } finally {
    await Promise.all(containers.map((container) => container.stop()));
  }
});

/** An image of one program and nothing else, which listens on a port of one family or both. */
async function programOnly(folder: string, port: number, address: string): Promise<GenericContainer> {
  const context = join(folder, String(port));
  await mkdir(context);
  await link(join(folder, "httpd"), join(context, "httpd"));
  const command = JSON.stringify(["/httpd", "-f", "-p", `${address}:${port}`]);
  await writeFile(join(context, "Dockerfile"), `FROM scratch\nCOPY httpd /httpd\nEXPOSE ${port}\nCMD ${command}\n`);
  return await GenericContainer.fromDockerfile(context).build();
}

test("pain 22: the ports of twenty images without a shell are waited for, and nothing is run in them", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runcible-pains-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await cp("/usr/bin/busybox", join(folder, "httpd"));
  const ports = Array.from({ length: 20 }, (_, index) => 8000 + index);
  const built = await Promise.all(
    ports.map(async (port) => ({ port, image: await programOnly(folder, port, port % 2 === 0 ? "0.0.0.0" : "[::]") })),
  );

  const listening = new AbortController();
  const events = await engine.client.events.subscribe({ signal: listening.signal });
  const actions: string[] = [];
  const collected = (async () => {
    for await (const { Action } of events) actions.push(Action);
  })().catch(() => {});

  await Promise.all(
    built.map(async ({ port, image }) => {
      await using container = await image.withExposedPorts(port).start();
      expect((await fetch(`http://127.0.0.1:${container.getMappedPort(port)}/`)).status).toBe(404);
      await container.stop();
    }),
  );

  expect(await waitUntil(async () => actions.filter((action) => action === "die").length === 20, 20_000)).toBe(true);
  listening.abort();
  await collected;
  expect(actions.filter((action) => action.startsWith("exec"))).toEqual([]);
});

/** Where this machine listens, by port, as its kernel writes addresses. */
async function listeners(): Promise<ReadonlyMap<number, readonly string[]>> {
  const found = new Map<number, string[]>();
  for (const table of ["tcp", "tcp6"]) {
    for (const line of (await readFile(`/proc/net/${table}`, "utf8")).split("\n").slice(1)) {
      const [, local = "", , state] = line.trim().split(/\s+/);
      const [address = "", port = ""] = local.split(":");
      if (state === "0A")
        found.set(Number.parseInt(port, 16), [...(found.get(Number.parseInt(port, 16)) ?? []), address]);
    }
  }
  return found;
}

/**
 * Those of the ports that are not listened on at both loopback addresses, and there alone. The kernel's tables are not
 * read at one moment: where sockets come and go beside, a line may lack or come twice, so what seems wrong is looked at
 * again.
 */
async function listeningOtherwise(
  ports: readonly number[],
): Promise<readonly (readonly [number, readonly string[] | undefined])[]> {
  let wrong: readonly (readonly [number, readonly string[] | undefined])[] = [];
  await waitUntil(async () => {
    const found = await listeners();
    wrong = ports.map((port) => [port, found.get(port)] as const);
    wrong = wrong.filter(([, addresses]) => !isDeepStrictEqual(addresses, loopbacks));
    return wrong.length === 0;
  }, 2_000);
  return wrong;
}

const loopbacks = ["0100007F", "00000000000000000000000001000000"];

const rounds = howOften(3, 10);

test(`pain 23: ${rounds} times a thousand published ports have one number on both loopback addresses, and on no other`, async () => {
  const numbers = Array.from({ length: 1000 }, (_, index) => 2000 + index);
  let allocations = 0;

  for (let round = 0; round < rounds; round++) {
    await using container = await new GenericContainer(image)
      .withExposedPorts(...numbers)
      .withCommand(["sh", "-c", "httpd -p 2000 -h /www; echo ready; sleep 600"])
      .withWaitStrategy(Wait.forLogMessage("ready"))
      .start();

    const ports = numbers.map((number) => container.getMappedPort(number));
    expect(new Set(ports).size).toBe(ports.length);
    expect(await listeningOtherwise(ports)).toEqual([]);
    allocations += ports.length;
    for (const host of ["127.0.0.1", "[::1]"]) {
      expect(await (await fetch(`http://${host}:${container.getMappedPort(2000)}/`)).text()).toBe("hello\n");
    }
  }

  expect(allocations).toBe(rounds * 1000);
});

test("pain 26: a container reaches a server of this test that listens on the loopback, with no image and no interface more", async () => {
  const server = createServer((_, response) => response.end("of the test")).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  await using container = await new GenericContainer(image).withCommand(["sleep", "600"]).start();
  const images = await engine.client.images.list();
  const interfaces = (await container.exec(["ls", "/sys/class/net"])).output;
  const { port } = server.address() as AddressInfo;
  const fetched = ["timeout", "5", "wget", "-qO-", `http://host.testcontainers.internal:${port}/`];
  expect((await container.exec(fetched)).exitCode).not.toBe(0);

  // The container runs already.
  await TestContainers.exposeHostPorts(port);

  expect((await container.exec(fetched)).output).toBe("of the test");
  expect((await container.exec(["ls", "/sys/class/net"])).output).toBe(interfaces);
  expect(await engine.client.images.list()).toHaveLength(images.length);
});
