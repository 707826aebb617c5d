import { once } from "node:events";
import type { Readable } from "node:stream";
import Docker from "dockerode";
import { expect, test } from "vitest";
import type { AttachOptions } from "../../../src/engine/routes/container-service";
import type { AttachedProcess, OutputChunk } from "../../../src/engine/routes/stream-types";
import { encodeFrame } from "../../../src/wire/frames";
import { connectRaw } from "./raw-connection";
import { type ServiceParts, serveEngine } from "./serve-engine";

const upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n";

/** Attaches to something that says hello, then repeats its input until that ends, then says bye. */
function echo(input: Readable | undefined): AttachedProcess {
  async function* output(): AsyncGenerator<OutputChunk> {
    yield { stream: "stdout", data: Buffer.from("hello ") };
    for await (const chunk of input ?? []) yield { stream: "stdout", data: chunk };
    yield { stream: "stderr", data: Buffer.from("bye") };
  }
  return { isTty: false, output: output() };
}

const echoing: ServiceParts = { containers: { attach: async (_, { input }) => echo(input) } };

test("an upgraded attach answers 101, passes input on and keeps writing after the client's half-close", async () => {
  const { socketPath } = await serveEngine(echoing);
  const { socket, until, all } = await connectRaw(socketPath);
  socket.write(`POST /v1.45/containers/c/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`);
  expect(await until("hello ")).toMatch(
    /^HTTP\/1\.1 101 UPGRADED\r\nContent-Type: application\/vnd\.docker\.multiplexed-stream/,
  );
  socket.end("input ");
  const answer = await all();
  expect(answer).toContain("input ");
  expect(answer.endsWith(encodeFrame("stderr", Buffer.from("bye")).toString("latin1"))).toBe(true);
});

test("the body of an upgrade is not input, even when both come in one packet", async () => {
  const { socketPath } = await serveEngine(echoing);
  const { socket, all } = await connectRaw(socketPath);
  const head = `POST /containers/c/attach?stream=1&stdin=1 HTTP/1.1\r\nHost: x\r\n${upgrade}Content-Length: 2\r\n\r\n`;
  socket.end(`${head}{}typed `);
  const answer = await all();
  expect(answer).toContain("typed ");
  expect(answer).not.toContain("{}");
});

test("a chunked body of an upgrade is not input either", async () => {
  const { socketPath } = await serveEngine(echoing);
  const { socket, all } = await connectRaw(socketPath);
  const head = `POST /containers/c/attach?stream=1&stdin=1 HTTP/1.1\r\nHost: x\r\n${upgrade}Transfer-Encoding: chunked`;
  socket.write(`${head}\r\n\r\n2\r`);
  socket.end("\n{}\r\n0\r\n\r\ntyped ");
  const answer = await all();
  expect(answer).toContain("typed ");
  expect(answer).not.toContain("{}");
});

test("without an upgrade the answer is 200 until close, and input still arrives", async () => {
  const { socketPath } = await serveEngine(echoing);
  const { socket, until, all } = await connectRaw(socketPath);
  socket.write("POST /containers/c/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  expect(await until("hello ")).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Type: application\/vnd\.docker\.raw-stream/);
  socket.write("GET / HTTP/1.1");
  await until("GET / HTTP/1.1");
  socket.end();
  expect(await all()).toContain("bye");
});

test("without an upgrade what is sent before the process takes input is not lost", async () => {
  let take = (): void => {};
  const isTaken = new Promise<void>((resolve) => {
    take = resolve;
  });
  async function* late(input: Readable | undefined): AsyncGenerator<OutputChunk> {
    yield { stream: "stdout", data: Buffer.from("hello ") };
    await isTaken;
    for await (const chunk of input ?? []) yield { stream: "stdout", data: chunk };
  }
  const attach = async (_: string, { input }: AttachOptions) => ({ isTty: false, output: late(input) });
  const { socketPath } = await serveEngine({ containers: { attach } });
  const { socket, until, all } = await connectRaw(socketPath);
  const head = "POST /containers/c/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n";
  socket.write(`${head}{}`);
  await until("hello ");
  socket.end("early");
  // Two turns of a connection beside it, in which the server has read whatever it reads.
  for (let turn = 0; turn < 2; turn++) {
    const beside = await connectRaw(socketPath);
    beside.socket.write("GET /nosuch HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    expect(await beside.all()).toContain("404");
  }
  take();
  expect(await all()).toContain("early");
});

test("an error before a hijack is an ordinary answer", async () => {
  const { socketPath } = await serveEngine();
  const { socket, all } = await connectRaw(socketPath);
  socket.write(`POST /containers/c/attach HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`);
  expect(await all()).toMatch(/^HTTP\/1\.1 501 .*not in this test/s);
});

test("an upgrade to HTTP/2 on a plain route is ignored", async () => {
  const { socketPath } = await serveEngine();
  const { socket, all } = await connectRaw(socketPath);
  socket.write("GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n");
  expect(await all()).toMatch(/^HTTP\/1\.1 200 OK.*OK$/s);
});

test("a client that leaves aborts the request's signal", async () => {
  let leave: (reason: unknown) => void = () => {};
  const left = new Promise((resolve) => {
    leave = resolve;
  });
  const { socketPath } = await serveEngine({
    containers: {
      wait: async (_, __, signal) => {
        signal.addEventListener("abort", () => leave(signal.reason));
        return { outcome: new Promise(() => {}) };
      },
    },
  });
  const { socket, until } = await connectRaw(socketPath);
  socket.write("POST /containers/c/wait HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  await until("200 OK");
  socket.destroy();
  expect(await left).toMatchObject({ code: "aborted" });
});

const execution: ServiceParts = {
  execs: {
    create: async () => ({ id: "e1" }),
    inspect: async () => ({ id: "e1", containerId: "c1", spec: catSpec, isRunning: false, pid: 0, exitCode: 0 }),
    start: async (_, { input }) => echo(input),
  },
};
const catSpec = {
  command: ["cat"],
  environment: [],
  tty: false,
  privileged: false,
  attachStdin: true,
  attachStdout: true,
  attachStderr: true,
  detachKeys: "",
};

test("dockerode talks to a command over a hijacked connection", async () => {
  const { socketPath } = await serveEngine(execution);
  const exec = await new Docker({ socketPath }).getContainer("c1").exec({ Cmd: ["cat"], AttachStdin: true });
  const stream = await exec.start({ hijack: true, stdin: true });
  stream.end("typed ");
  expect(Buffer.concat(await stream.toArray()).toString("latin1")).toMatch(/hello .*typed .*bye/s);
});

test("dockerode talks to a command without asking for an upgrade", async () => {
  const { socketPath } = await serveEngine(execution);
  const exec = await new Docker({ socketPath }).getContainer("c1").exec({ Cmd: ["cat"], AttachStdin: true });
  const stream = await exec.start({ hijack: false, stdin: true });
  let text = "";
  const echoed = new Promise<void>((resolve) => {
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (text.includes("typed ")) resolve();
    });
  });
  stream.write("typed ");
  await echoed;
  stream.destroy();
  expect(text).toMatch(/hello .*typed /s);
});

test("a client that leaves an attached process that says nothing is noticed, one that closes its half is not cut", async () => {
  let hasLeft = false;
  async function* silent(signal: AbortSignal): AsyncGenerator<OutputChunk> {
    await once(signal, "abort");
    hasLeft = true;
    yield* [];
  }
  const { socketPath } = await serveEngine({
    containers: { attach: async (_, { signal }) => ({ isTty: false, output: silent(signal) }) },
  });
  const { socket, until } = await connectRaw(socketPath);
  socket.end(`POST /containers/c/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`);
  await until("\r\n\r\n");
  expect({ hasLeft, isOpen: !socket.readableEnded }).toEqual({ hasLeft: false, isOpen: true });

  socket.destroy();

  await expect.poll(() => hasLeft, { timeout: 10_000 }).toBe(true);
});
