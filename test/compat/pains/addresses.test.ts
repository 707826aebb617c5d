import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Cluster } from "ioredis";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { GenericContainer, Network, type ReservedPort, reservePort, Wait } from "../../../src/index";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { serviceImage } from "../../support/image/service-image";

// Where a service is, when that must be known before it starts, or must not change.

useNewEngineOfThisFile();
let image: string;
beforeAll(async () => {
  image = await busyboxImage();
});

const httpd = (): GenericContainer =>
  new GenericContainer(image).withCommand(["httpd", "-f", "-p", "80", "-h", "/www"]);

/** A program that takes any free port. */
async function takeAny(): Promise<number> {
  const server: Server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

test("pain 24: thirty reserved ports stay reserved while hundreds are taken, and become those of their containers", async () => {
  const reserved: readonly ReservedPort[] = await Promise.all(Array.from({ length: 30 }, () => reservePort()));
  const numbers = reserved.map((port) => port.number);
  expect(new Set(numbers).size).toBe(30);

  const many = Array.from({ length: 20 }, (_, index) => 1000 + index);
  const idle = (): GenericContainer =>
    new GenericContainer(image)
      .withExposedPorts(...many)
      .withCommand(["sh", "-c", "echo ready; sleep 600"])
      .withWaitStrategy(Wait.forLogMessage("ready"));
  const others = await Promise.all([1, 2, 3, 4, 5].map(() => idle().start()));
  const taken = [
    ...others.flatMap((container) => many.map((port) => container.getMappedPort(port))),
    ...(await Promise.all(Array.from({ length: 300 }, takeAny))),
  ];
  expect(taken.filter((port) => numbers.includes(port))).toEqual([]);

  const containers = await Promise.all(
    numbers.map((host) => httpd().withExposedPorts({ container: 80, host }).start()),
  );
  expect(containers.map((container) => container.getMappedPort(80))).toEqual(numbers);
  const pages = await Promise.all(numbers.map(async (port) => (await fetch(`http://127.0.0.1:${port}/`)).text()));
  expect(new Set(pages)).toEqual(new Set(["hello\n"]));
  await Promise.all([...containers, ...others].map((container) => container.stop()));
});

interface TestRun {
  readonly child: ChildProcess;
  readonly page: Promise<string>;
  /** What it logged, and its exit code, when its test is over. */
  end(): Promise<{ readonly log: string; readonly exitCode: unknown }>;
}

function startRun(alias: number): TestRun {
  const child = spawn(process.execPath, [join(__dirname, "../../fixtures/alias-port.cjs"), image, String(alias)], {
    env: { ...process.env, NODE_ENV: "", DEBUG: "testcontainers", DEBUG_COLORS: "0" },
  });
  const [exited, log] = [once(child, "exit"), text(child.stderr)];
  return {
    child,
    page: once(child.stdout, "data").then(([data]) => String(data).trim()),
    end: async () => {
      child.stdin.end();
      return { exitCode: (await exited)[0], log: await log };
    },
  };
}

test("pain 24: two test runs with one alias port both pass, and the second one's log says who has it", async () => {
  const port = await reservePort();
  await port.release();
  const first = startRun(port.number);
  expect(await first.page).toBe("hello");
  const second = startRun(port.number);
  expect(await second.page).toBe("hello");
  // The first one's: a stable address for a debugger, whichever port the container has.
  expect(await (await fetch(`http://localhost:${port.number}/`)).text()).toBe("hello\n");

  const [ofFirst, ofSecond] = await Promise.all([first.end(), second.end()]);

  expect([ofFirst.exitCode, ofSecond.exitCode]).toEqual([0, 0]);
  expect(ofFirst.log).toContain(`Alias port ${port.number} leads to 80/tcp`);
  expect(ofSecond.log).toMatch(
    new RegExp(`Alias port ${port.number} does not lead to 80/tcp: container \\w+ \\(\\w{12}, ${image}\\) has it`),
  );
});

test("pain 24: an alias port that another program has is said to be, and the container starts", async () => {
  const run = startRun(await takeAny());

  expect(await run.page).toBe("hello");
  expect(await run.end()).toMatchObject({
    exitCode: 0,
    log: expect.stringContaining("another program of this machine"),
  });
});

interface Member {
  readonly clientURLs: readonly string[];
}

async function ask<T>(url: string, path: string, body: object): Promise<T> {
  const answer = await fetch(new URL(path, url), { method: "POST", body: JSON.stringify(body) });
  return (await answer.json()) as T;
}

const base64 = (word: string): string => Buffer.from(word).toString("base64");

test("pain 25: etcd advertises where it is outside and inside, and clients of both sides get there by what it says", async () => {
  const etcd = await serviceImage("etcd");
  await using network = await new Network().start();
  await using service = await new GenericContainer(etcd)
    .withNetwork(network)
    .withNetworkAliases("etcd")
    .withExposedPorts(2379)
    .withEnvironment({ ETCD_LISTEN_CLIENT_URLS: "http://0.0.0.0:2379" })
    .withEnvironment(({ host, port }) => ({
      ETCD_ADVERTISE_CLIENT_URLS: `http://${host}:${port(2379)},http://etcd:2379`,
    }))
    .withWaitStrategy(Wait.forHttp("/health", 2379))
    .start();
  await using peer = await new GenericContainer(etcd).withNetwork(network).withCommand(["sleep", "600"]).start();
  const contact = `http://${service.getHost()}:${service.getMappedPort(2379)}`;

  const { members } = await ask<{ members: readonly Member[] }>(contact, "/v3/cluster/member/list", {});
  const urls = members[0]?.clientURLs ?? [];
  const [inside = "", outside = ""] = [...urls].sort();
  await ask(outside, "/v3/kv/put", { key: base64("greeting"), value: base64("hello") });

  expect([inside, outside]).toEqual(["http://etcd:2379", contact]);
  expect((await peer.exec(["etcdctl", "--endpoints", inside, "get", "--print-value-only", "greeting"])).output).toBe(
    "hello\n",
  );
});

test("pain 25: a cluster of Redis announces one address, the same outside and inside, and its clients follow it", async () => {
  const port = await reservePort();
  const { number } = port;
  await using container = await new GenericContainer(await serviceImage("redis"))
    .withExposedPorts({ container: number, host: number })
    .withCommand([
      ...["redis-server", "--port", String(number), "--protected-mode", "no", "--cluster-enabled", "yes"],
      ...["--cluster-announce-hostname", "localhost", "--cluster-preferred-endpoint-type", "hostname"],
    ])
    .start();
  const cli = ["redis-cli", "-h", "localhost", "-p", String(number)];
  await container.exec([...cli, "cluster", "addslotsrange", "0", "16383"]);

  const cluster = new Cluster([{ host: "localhost", port: number }]);
  onTestFinished(() => cluster.disconnect());
  await cluster.set("greeting", "hello");

  expect(cluster.nodes().map(({ options }) => options.port)).toEqual([number]);
  expect((await container.exec([...cli, "-c", "get", "greeting"])).stdout).toBe("hello\n");
  expect((await container.exec([...cli, "cluster", "slots"])).stdout).toContain("localhost");
});
