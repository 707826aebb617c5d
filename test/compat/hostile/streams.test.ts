import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { busyboxImage } from "../../integration/api/busybox-image";
import { connectRaw } from "../../integration/http/raw-connection";
import { dockerOn, must } from "../../support/docker-command";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { ask, expectSettled, healthOf } from "./engine-health";

const engine = useNewEngineOfThisFile();
let socketPath: string;
let image: string;

beforeAll(async () => {
  await getRuntime();
  socketPath = join(engine.stateFolder, "engine.sock");
  image = await busyboxImage();
  await docker("run", "-d", "--name", "talker", image, "sh", "-c", "while :; do echo line; sleep 0.05; done");
  await docker("run", "-di", "--name", "listener", image, "cat");
});
afterAll(async () => {
  await docker("rm", "-f", "talker", "listener");
});

function docker(...args: readonly string[]): Promise<string> {
  return must(dockerOn(`unix://${socketPath}`), ...args);
}

async function execId(...command: readonly string[]): Promise<string> {
  const body = JSON.stringify({ Cmd: command, AttachStdin: true, AttachStdout: true, AttachStderr: true });
  const headers = { "content-type": "application/json" };
  return JSON.parse((await ask(socketPath, "POST", "/containers/talker/exec", { body, headers })).body).Id;
}

const upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n";
const chunked = "Transfer-Encoding: chunked\r\n";

/** What is executed runs on when its client has left, as with Docker: until this file is there. */
let executed = 0;
const stopFile = (): string => `/tmp/stop-${executed}`;
async function endExecuted(): Promise<void> {
  await docker("exec", "talker", "touch", stopFile());
  executed++;
}

/** Every kind of stream; what a client sends to begin it. */
const streams: readonly (readonly [what: string, head: () => Promise<string>])[] = [
  [
    "attach, upgraded",
    async () => `POST /containers/talker/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`,
  ],
  ["attach, plain", async () => "POST /containers/talker/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: x\r\n\r\n"],
  [
    "attach with input",
    async () => `POST /containers/listener/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: x\r\n${upgrade}\r\ntyped`,
  ],
  [
    "exec",
    async () =>
      `POST /exec/${await execId("sh", "-c", `until test -e ${stopFile()}; do echo x; sleep 0.1; done`)}/start HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n${upgrade}\r\n{}`,
  ],
  ["logs", async () => "GET /containers/talker/logs?follow=1&stdout=1 HTTP/1.1\r\nHost: x\r\n\r\n"],
  ["events", async () => "GET /events HTTP/1.1\r\nHost: x\r\n\r\n"],
  ["stats", async () => "GET /containers/talker/stats HTTP/1.1\r\nHost: x\r\n\r\n"],
  ["wait", async () => "POST /containers/talker/wait HTTP/1.1\r\nHost: x\r\n\r\n"],
  ["session", async () => "POST /runcible/session HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"],
  ["export", async () => "GET /containers/talker/export HTTP/1.1\r\nHost: x\r\n\r\n"],
  ["archive out", async () => "GET /containers/talker/archive?path=/bin HTTP/1.1\r\nHost: x\r\n\r\n"],
  [
    "archive in",
    async () => `PUT /containers/talker/archive?path=/tmp HTTP/1.1\r\nHost: x\r\n${chunked}\r\n200\r\nabc`,
  ],
  ["build", async () => `POST /build HTTP/1.1\r\nHost: x\r\n${chunked}\r\n200\r\nabc`],
  ["load", async () => `POST /images/load HTTP/1.1\r\nHost: x\r\n${chunked}\r\n200\r\nabc`],
  ["save", async () => `GET /images/${encodeURIComponent(image)}/get HTTP/1.1\r\nHost: x\r\n\r\n`],
  ["create", async () => `POST /containers/create HTTP/1.1\r\nHost: x\r\n${chunked}\r\n200\r\n{"Im`],
];

test.each(streams)("%s: forty clients that break off at any moment leave nothing", async (_what, head) => {
  const before = await healthOf(engine.stateFolder);

  await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const socket = await open();
      socket.write(await head());
      await delay(index * 5);
      socket.destroy();
    }),
  );

  await endExecuted();
  await expectSettled(engine.stateFolder, before);
});

test.each(streams.filter(([what]) => /^(attach, |exec)/.test(what)))(
  "%s: a client that closes its half still gets what comes",
  async (_what, head) => {
    const connection = await connectRaw(socketPath);
    connection.socket.write(await head());
    connection.socket.end();
    const seen = (await connection.until("\r\n\r\n")).indexOf("\r\n\r\n") + 4;
    await expect.poll(async () => (await connection.until("")).length, { timeout: 10_000 }).toBeGreaterThan(seen);
    connection.socket.destroy();
    await endExecuted();
  },
);

// So has one that attached with input, where that stays open for others.
test.each(streams.filter(([what]) => /^(attach with input|logs|events|stats|wait|session)$/.test(what)))(
  "%s: a client that closes its half has left, as with Docker",
  async (_what, head) => {
    const before = await healthOf(engine.stateFolder);
    const connection = await connectRaw(socketPath);
    connection.socket.write(await head());
    connection.socket.end();

    await connection.all();
    connection.socket.destroy();
    await expectSettled(engine.stateFolder, before);
  },
);

test("twenty clients that stop reading hold nobody up, and cost no memory", async () => {
  await docker("run", "-d", "--name", "flood", image, "sh", "-c", "yes 0123456789012345678901234567890123456789");
  onTestFinished(async () => void (await docker("rm", "-f", "flood")));
  const before = await healthOf(engine.stateFolder);
  const paths = [
    "GET /containers/flood/logs?follow=1&stdout=1",
    "POST /containers/flood/attach?stream=1&stdout=1",
    "GET /events",
  ];

  const stalled = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const socket = await open();
      socket.pause();
      socket.write(`${paths[index % paths.length]} HTTP/1.1\r\nHost: x\r\n\r\n`);
      return socket;
    }),
  );
  for (let round = 0; round < 50; round++) await docker("volume", "rm", await docker("volume", "create"));

  expect((await healthOf(engine.stateFolder)).residentBytes).toBeLessThan(before.residentBytes + 200 * 1024 * 1024);
  expect(await docker("exec", "talker", "echo", "alive")).toBe("alive");
  for (const socket of stalled) socket.destroy();
  await expectSettled(engine.stateFolder, before);
});

test("two thousand events pass by a subscriber that does not read", async () => {
  const before = await healthOf(engine.stateFolder);
  const socket = await open();
  socket.pause();
  socket.write("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  const headers = { "content-type": "application/json" };

  for (let round = 0; round < 40; round++) {
    const name = `v${round}`;
    await Promise.all(
      Array.from({ length: 25 }, async (_, index) => {
        const body = JSON.stringify({ Name: `${name}-${index}`, Labels: { long: "x".repeat(1000) } });
        await ask(socketPath, "POST", "/volumes/create", { body, headers });
        await ask(socketPath, "DELETE", `/volumes/${name}-${index}`);
      }),
    );
  }

  socket.destroy();
  await expectSettled(engine.stateFolder, before);
});

async function open(): Promise<Socket> {
  const socket = connect(socketPath);
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
}
