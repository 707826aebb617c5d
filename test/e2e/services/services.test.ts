import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { Redis } from "ioredis";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GenericContainer, Network, Wait } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { pushTestImage } from "../../support/images";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";

const engine = useEngineOfThisFile();
let registry: TestRegistry;
const images = { redis: "", nginx: "", postgres: "", busybox: "" };

beforeAll(async () => {
  registry = await startRegistry();
  for (const name of ["redis", "nginx", "postgres", "busybox"] as const) {
    images[name] = await pushTestImage(registry, name);
  }
});

afterAll(() => registry[Symbol.asyncDispose]());

test("Redis, pulled from a registry, keeps what its client sets", async () => {
  await using container = await new GenericContainer(images.redis).withExposedPorts(6379).start();
  const redis = new Redis(container.getMappedPort(6379), container.getHost());
  try {
    await redis.set("greeting", "hello");
    expect(await redis.get("greeting")).toBe("hello");
  } finally {
    redis.disconnect();
  }
});

test("nginx serves a file that was copied in, as soon as its HTTP wait is over", async () => {
  await using container = await new GenericContainer(images.nginx)
    .withExposedPorts(80)
    .withCopyContentToContainer([{ content: "copied in", target: "/usr/share/nginx/html/hello.txt" }])
    .withWaitStrategy(Wait.forHttp("/hello.txt", 80).forStatusCode(200))
    .start();
  const response = await fetch(`http://${container.getHost()}:${container.getMappedPort(80)}/hello.txt`);
  expect(await response.text()).toBe("copied in");
});

test("PostgreSQL answers its client, and after a restart still knows its data", async () => {
  await using container = await new GenericContainer(images.postgres)
    .withEnvironment({ POSTGRES_PASSWORD: "secret" })
    .withExposedPorts(5432)
    // The line "ready to accept connections" comes twice at the first start and once at the next.
    .withHealthCheck({ test: ["CMD", "pg_isready", "-h", "127.0.0.1"], interval: 500, retries: 240 })
    .start();
  const query = async (text: string): Promise<readonly unknown[]> => {
    const client = new Client({
      host: container.getHost(),
      port: container.getMappedPort(5432),
      user: "postgres",
      password: "secret",
      database: "postgres",
    });
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  };
  await query("create table facts as select 42 as answer");
  await container.restart();
  expect(await query("select answer from facts")).toEqual([{ answer: 42 }]);
});

test("after a listening-port wait the first connection succeeds, a thousand times of a thousand", async () => {
  await using container = await new GenericContainer(images.redis).withExposedPorts(6379).start();
  const [host, port] = [container.getHost(), container.getMappedPort(6379)];
  const ping = async (): Promise<string> => {
    const socket = connect(port, host);
    socket.write("PING\r\n");
    const [answer] = await once(socket, "data");
    socket.destroy();
    return String(answer).trim();
  };
  const answers: string[] = [];
  for (let round = 0; round < 20; round++) {
    answers.push(...(await Promise.all(Array.from({ length: 50 }, ping))));
  }
  expect(answers.filter((answer) => answer === "+PONG")).toHaveLength(1000);
});

test("containers of a network find each other by alias and by name, others do not", async () => {
  await using network = await new Network().start();
  await using cache = await new GenericContainer(images.redis)
    .withName(`cache-${process.pid}`)
    .withNetwork(network)
    .withNetworkAliases("cache")
    .withExposedPorts(6379)
    .start();
  await using inside = await new GenericContainer(images.redis).withNetwork(network).start();
  await using outside = await new GenericContainer(images.redis).start();
  for (const name of ["cache", cache.getName().replace("/", "")]) {
    const { output } = await inside.exec(["redis-cli", "-h", name, "ping"]);
    expect(output.trim()).toBe("PONG");
  }
  expect((await outside.exec(["redis-cli", "-h", "cache", "ping"])).exitCode).not.toBe(0);
});

test("a container reaches a server of the test by host.docker.internal", async () => {
  const server = createServer((_request, response) => response.end("from the test")).listen(0, "0.0.0.0");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await using container = await new GenericContainer(images.busybox).withCommand(["sleep", "600"]).start();
  try {
    const { output } = await container.exec(["wget", "-q", "-O-", `http://host.docker.internal:${port}/`]);
    expect(output).toBe("from the test");
  } finally {
    server.close();
  }
});

test("a published port has one number on 127.0.0.1 and on ::1", async () => {
  await using container = await new GenericContainer(images.nginx).withExposedPorts(80).start();
  for (const host of ["127.0.0.1", "[::1]"]) {
    expect((await fetch(`http://${host}:${container.getMappedPort(80)}/`)).status).toBe(200);
  }
});

test("a UDP port carries datagrams both ways", async () => {
  const echo = `const socket = require("node:dgram").createSocket("udp4");
    socket.on("message", (message, { port, address }) => socket.send(message, port, address));
    socket.bind(5300, () => console.log("up"));`;
  await engine.client.images.buildHostImage({ Name: "udp-echo:1", Executables: [process.execPath] });
  await using container = await new GenericContainer("udp-echo:1")
    .withCommand([process.execPath, "-e", echo])
    .withExposedPorts("5300/udp")
    .withWaitStrategy(Wait.forLogMessage("up"))
    .start();
  const socket = createSocket("udp4");
  try {
    const answer = once(socket, "message");
    socket.send("echo?", container.getMappedPort("5300/udp"), "127.0.0.1");
    const [message] = await answer;
    expect(String(message)).toBe("echo?");
  } finally {
    socket.close();
  }
});

test("a health check that turns healthy ends the wait", async () => {
  await using container = await new GenericContainer(images.busybox)
    .withCommand(["sh", "-c", "sleep 0.3; touch /tmp/ready; sleep 600"])
    .withHealthCheck({ test: ["CMD-SHELL", "test -f /tmp/ready"], interval: 100, timeout: 1000, retries: 50 })
    .withWaitStrategy(Wait.forHealthCheck())
    .start();
  expect((await container.exec(["test", "-f", "/tmp/ready"])).exitCode).toBe(0);
});

test("a one-shot container is ready when it has done its work", async () => {
  const container = await new GenericContainer(images.busybox)
    .withCommand(["sh", "-c", "echo done"])
    .withWaitStrategy(Wait.forOneShotStartup())
    .start();
  const lines: string[] = [];
  for await (const chunk of await container.logs()) lines.push(String(chunk));
  expect(lines.join("")).toContain("done");
  await container.stop();
});
