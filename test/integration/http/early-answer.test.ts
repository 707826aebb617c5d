import { once } from "node:events";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import type { BuildImageRequest } from "../../../src/engine/routes/build-service";
import { RuncibleError } from "../../../src/internal/errors";
import type { ProgressLine } from "../../../src/wire/progress";
import { connectRaw } from "./raw-connection";
import { serveEngine } from "./serve-engine";

/** A build that has seen enough after the first bytes. */
const refused = {
  builds: {
    build: async function* ({ context }: BuildImageRequest): AsyncGenerator<ProgressLine> {
      for await (const _ of context) throw new RuncibleError("invalid-argument", "no such context");
      yield {};
    },
  },
};
const megabyte = 1024 * 1024;

/** More than a socket buffers; waits for each to be taken. Rejects with EPIPE where nobody takes it. */
async function sendMegabytes(socket: Socket, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent++) {
    await new Promise<void>((resolve, reject) =>
      socket.write(Buffer.alloc(megabyte), (error) => (error ? reject(error) : resolve())),
    );
  }
}

function head(connection: string, length: number): string {
  return `POST /build HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\nContent-Length: ${length}\r\n\r\n`;
}

test("a client that is refused while it sends, and then wants the connection closed, can send the rest and reads the answer", async () => {
  const { socketPath } = await serveEngine(refused);
  const { socket, until, all } = await connectRaw(socketPath);
  socket.write(head("close", 8 * megabyte));
  await sendMegabytes(socket, 1);
  await until("no such context");

  await sendMegabytes(socket, 7);

  expect(await all()).toMatch(/^HTTP\/1\.1 400 [\s\S]*Connection: close\r\n/);
  socket.end();
  await once(socket, "close");
});

test("one that keeps its connection asks the next thing on it", async () => {
  const { socketPath } = await serveEngine(refused);
  const { socket, until } = await connectRaw(socketPath);
  socket.write(head("keep-alive", 8 * megabyte));
  await sendMegabytes(socket, 1);
  await until("no such context");

  await sendMegabytes(socket, 7);
  socket.write("GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n");

  expect(await until("OK")).toMatch(/^HTTP\/1\.1 400 [\s\S]*HTTP\/1\.1 200 OK/);
});

test("what nobody asked for is not read for ever: the connection of a client that only sends is cut", async () => {
  const { socketPath } = await serveEngine(refused, { dropLimitMs: 300 });
  const { socket, until } = await connectRaw(socketPath);
  socket.on("error", () => {});
  socket.write(head("keep-alive", 2 ** 40));
  const answered = expect(until("no such context")).resolves.toContain("400");

  await expect(sendMegabytes(socket, 2 ** 20)).rejects.toMatchObject({
    code: expect.stringMatching(/^(EPIPE|ECONNRESET|ERR_STREAM_DESTROYED)$/),
  });
  await answered;
});
