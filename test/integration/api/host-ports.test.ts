import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { GenericContainer, Network, TestContainers } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { waitUntil } from "../../support/wait-until";
import { busyboxImage } from "./busybox-image";

const engine = useEngineOfThisFile();
const name = "host.testcontainers.internal";

/** A service of this machine that says a word to everybody, but listens on the loopback only. */
async function startService(word: string, host = "127.0.0.1"): Promise<number> {
  const server: Server = createServer((client) => void client.on("error", () => {}).end(`${word}\n`));
  server.listen(0, host);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function sleeper(): Promise<GenericContainer> {
  return new GenericContainer(await busyboxImage()).withCommand(["sleep", "60"]);
}

const ask = (port: number): string[] => ["nc", "-w", "30", name, String(port)];

test("a port that is exposed is reached by containers started before and after, on any network", async () => {
  const port = await startService("hello");
  await using network = await new Network().start();
  await using before = await (await sleeper()).start();

  await TestContainers.exposeHostPorts(port);

  await using onNetwork = await (await sleeper()).withNetwork(network).withNetworkAliases("a").start();
  await using onHost = await (await sleeper()).withNetworkMode("host").start();
  for (const container of [before, onNetwork, onHost]) {
    expect((await container.exec(ask(port))).stdout).toBe("hello\n");
  }
});

test("a network without a way out has this one", async () => {
  const port = await startService("inside");
  const { client } = engine;
  const { Id } = await client.networks.create({ Name: "closed", Internal: true });
  onTestFinished(() => client.networks.remove(Id));
  await using container = await (await sleeper()).withNetworkMode("closed").start();
  await TestContainers.exposeHostPorts(port);

  expect((await container.exec(ask(port))).stdout).toBe("inside\n");
});

test("a service on the IPv6 loopback is reached too", async () => {
  const port = await startService("six", "::1");
  await TestContainers.exposeHostPorts(port);
  await using container = await (await sleeper()).start();

  expect((await container.exec(ask(port))).stdout).toBe("six\n");
});

test("further calls add ports, one may be exposed twice, and what is not exposed is out of reach", async () => {
  const [first, second, hidden] = [await startService("1"), await startService("2"), await startService("3")];
  await TestContainers.exposeHostPorts(first);
  await TestContainers.exposeHostPorts(first, second);
  await using container = await (await sleeper()).start();

  expect((await container.exec(ask(first))).stdout).toBe("1\n");
  expect((await container.exec(ask(second))).stdout).toBe("2\n");
  expect(await container.exec(ask(hidden))).toMatchObject({ stdout: "", exitCode: 1 });
});

test("a port is closed with the last session that exposed it", async () => {
  const port = await startService("word");
  const { client } = engine;
  const sessions = [await client.sessions.open({ Id: "one" }), await client.sessions.open({ Id: "two" })];
  onTestFinished(() => {
    for (const session of sessions) session?.close();
  });
  for (const Session of ["one", "two"]) await client.hostPorts.expose({ Session, Ports: [port] });
  await using container = await (await sleeper()).start();
  const answer = async (): Promise<string> => (await container.exec(ask(port))).stdout;

  sessions[0]?.close();
  expect(await answer()).toBe("word\n");

  sessions[1]?.close();
  expect(await waitUntil(async () => (await answer()) === "", 30_000)).toBe(true);
});

test("a port that is none, and a session that is not open, are refused", async () => {
  await getRuntime();
  await expect(TestContainers.exposeHostPorts(80, 70_000)).rejects.toMatchObject({
    code: "invalid-argument",
    message: expect.stringContaining("70000"),
  });
  const exposing = engine.client.hostPorts.expose({ Session: "nosuch", Ports: [80] });
  await expect(exposing).rejects.toMatchObject({ code: "invalid-argument" });
});
