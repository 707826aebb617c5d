import { once } from "node:events";
import { connect, createServer } from "node:net";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { GenericContainer, reservePort } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { freePort } from "../../support/free-port";
import { waitUntil } from "../../support/wait-until";
import { busyboxImage } from "./busybox-image";

const engine = useEngineOfThisFile();
let image: string;
beforeAll(async () => {
  image = await busyboxImage();
});

const httpd = (port = 80): GenericContainer =>
  new GenericContainer(image).withCommand(["httpd", "-f", "-p", String(port), "-h", "/www"]);

/** The code of the error, if it cannot listen there. */
async function listeningFailure(port: number, host: string): Promise<string | undefined> {
  const server = createServer().listen(port, host);
  return await once(server, "listening").then(
    () => void server.close(),
    (error: NodeJS.ErrnoException) => error.code,
  );
}

async function page(port: number, host = "127.0.0.1"): Promise<string> {
  return (await fetch(`http://${host}:${port}/`)).text();
}

test("a reserved port is nobody else's, sends away who connects, and becomes the container's", async () => {
  await using port = await reservePort();
  for (const host of ["127.0.0.1", "::1"]) {
    expect(await listeningFailure(port.number, host)).toBe("EADDRINUSE");
    const [error] = await once(connect(port.number, host).resume(), "error");
    expect((error as NodeJS.ErrnoException).code).toBe("ECONNRESET");
  }

  await using container = await httpd(port.number)
    .withExposedPorts({ container: port.number, host: port.number })
    .start();

  expect(container.getMappedPort(port.number)).toBe(port.number);
  expect([await page(port.number), await page(port.number, "[::1]")]).toEqual(["hello\n", "hello\n"]);
  // The container has it: to give it up changes nothing.
  await port.release();
  expect(await page(port.number)).toBe("hello\n");
});

test("what is given up is free, and may be given up twice", async () => {
  const port = await reservePort();

  await port.release();
  await port.release();

  expect(await waitUntil(async () => (await listeningFailure(port.number, "127.0.0.1")) === undefined, 30_000)).toBe(
    true,
  );
});

test("another session's container does not get it, and the session's end frees it", async () => {
  const session = await engine.client.sessions.open({ Id: "reserves" });
  onTestFinished(() => session?.close());
  const { Port } = await engine.client.hostPorts.hold({ Session: "reserves" });
  const container = (): GenericContainer => httpd().withExposedPorts({ container: 80, host: Port });
  await expect(container().start()).rejects.toMatchObject({ cause: { code: "port-in-use" } });

  session?.close();

  expect(await waitUntil(async () => (await listeningFailure(Port, "127.0.0.1")) === undefined, 30_000)).toBe(true);
  await using started = await container().start();
  expect(await page(started.getMappedPort(80))).toBe("hello\n");
});

test("a session that is not open reserves nothing", async () => {
  await expect(engine.client.hostPorts.hold({ Session: "nosuch" })).rejects.toMatchObject({ code: "invalid-argument" });
});

test("an alias port leads to the container beside its own, also after a restart; who comes second does without", async () => {
  const alias = await freePort();
  const withAlias = (): GenericContainer => httpd().withExposedPorts(80).withAliasPorts({ container: 80, host: alias });

  await using first = await withAlias().start();
  await using second = await withAlias().start();

  expect(first.getMappedPort(80)).not.toBe(alias);
  expect(await page(alias)).toBe("hello\n");
  expect(await page(second.getMappedPort(80))).toBe("hello\n");
  await first.restart();
  expect(await page(alias)).toBe("hello\n");
  expect(await page(first.getMappedPort(80))).toBe("hello\n");

  await first.stop();
  await second.restart();
  expect(await page(alias)).toBe("hello\n");
});
