import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTransport, type Transport } from "../../../src/client/transport";

const kinds = ["unix", "tcp"] as const;

let folder: string;
let server: Server;
let transport: Transport;
let answer: RequestListener;
let sockets: Socket[];
let calls: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-kept-"));
  sockets = [];
  calls = [];
  answer = (_request, response) => response.end("{}");
  server = createServer((request, response) => {
    calls.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  server.on("connection", (socket) => sockets.push(socket));
});

afterEach(async () => {
  transport.close();
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

/** Several calls at once: each of their connections is kept. */
async function keepConnections(count: number, kind: (typeof kinds)[number] = "unix"): Promise<void> {
  const path = join(folder, "engine.sock");
  server.listen(kind === "unix" ? { path } : { port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const { port } = kind === "tcp" ? (server.address() as AddressInfo) : { port: 0 };
  transport = createTransport(kind === "unix" ? { kind, path } : { kind, host: "127.0.0.1", port });
  await Promise.all(Array.from({ length: count }, () => transport.call("GET", "/warm")));
  calls = [];
}

/** As a daemon does it: the request arrived, perhaps was carried out, and no answer comes. */
function hangUpOnce(): void {
  const usual = answer;
  answer = (request) => {
    answer = usual;
    request.socket.destroy();
  };
}

test("an idle connection is used again", async () => {
  await keepConnections(1);
  await transport.call("POST", "/again");

  expect(sockets).toHaveLength(1);
});

describe.each(kinds)("after the daemon closed all idle connections (%s)", (kind) => {
  beforeEach(async () => {
    await keepConnections(3, kind);
    // In this turn of the event loop nobody has heard of it.
    for (const socket of sockets) socket.destroy();
  });

  test.each(["GET", "POST", "DELETE"])("a %s goes out once", async (method) => {
    await transport.call(method, "/next", { body: { large: "x".repeat(500_000) } });

    expect(calls).toEqual([`${method} /next`]);
  });

  test("a stream, which can be read only once, goes out", async () => {
    await transport.call("PUT", "/archive", { bodyStream: Readable.from([Buffer.from("a tar")]) });

    expect(calls).toEqual(["PUT /archive"]);
  });
});

test("what only reads is asked again when the daemon hangs up on a kept connection", async () => {
  await keepConnections(1);
  hangUpOnce();

  expect(await transport.call("GET", "/read")).toEqual({});
  expect(calls).toEqual(["GET /read", "GET /read"]);
});

test.each(["POST", "PUT", "DELETE"])("a %s that may have been carried out is never repeated", async (method) => {
  await keepConnections(1);
  hangUpOnce();

  await expect(transport.call(method, "/change")).rejects.toMatchObject({
    code: "engine-unreachable",
    message: expect.stringContaining(`${method} /change`),
  });
  expect(calls).toEqual([`${method} /change`]);
});

test("a daemon that hangs up on every connection is asked twice, not for ever", async () => {
  await keepConnections(3);
  answer = (request) => request.socket.destroy();

  await expect(transport.call("GET", "/read")).rejects.toMatchObject({ code: "engine-unreachable" });
  expect(calls).toHaveLength(2);
});
