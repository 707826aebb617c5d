import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClient, type EngineClient } from "../../../src/client/client";
import { encodeProgress, progressError } from "../../../src/wire/progress";

let folder: string;
let server: Server;
let client: EngineClient;
let answer: RequestListener;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-transport-"));
  const path = join(folder, "engine.sock");
  server = createServer((request, response) => answer(request, response));
  server.listen(path);
  await once(server, "listening");
  client = createClient({ kind: "unix", path });
});

afterEach(async () => {
  client.close();
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

test("an error answer becomes an error with its code and status", async () => {
  answer = (_request, response) => response.writeHead(404).end('{"message":"No such container: x"}');

  await expect(client.containers.inspect("x")).rejects.toMatchObject({
    code: "container-not-found",
    evidence: { status: 404, path: "/containers/x/json" },
  });
});

test("an error in the middle of a pull is thrown", async () => {
  answer = (_request, response) => {
    response.write(encodeProgress({ status: "Pulling" }));
    response.end(encodeProgress(progressError("manifest for x:1 not found: manifest unknown")));
  };

  await expect(client.images.pull({ name: "x", tag: "1" })).rejects.toMatchObject({ code: "image-not-found" });
});

test("nothing that answers is said with its address", async () => {
  const lonely = createClient({ kind: "unix", path: join(folder, "none.sock") });

  await expect(lonely.system.info()).rejects.toMatchObject({
    code: "engine-unreachable",
    message: expect.stringContaining("none.sock"),
  });
});

test("a daemon that hangs up in the middle of an answer is unreachable, not silent", async () => {
  answer = (_request, response) => {
    response.writeHead(200, { "content-length": 100 }).write("{");
    response.socket?.destroy();
  };

  await expect(client.system.info()).rejects.toMatchObject({ code: "engine-unreachable" });
});

test("a session gives its id, and settles when the connection breaks", async () => {
  answer = (_request, response) => response.write('{"Id":"abc"}\n');

  const session = await client.sessions.open({ Id: "abc" });
  server.closeAllConnections();

  expect(session?.id).toBe("abc");
  await session?.ended();
});

test("a daemon without sessions is no error", async () => {
  answer = (_request, response) => response.writeHead(404).end('{"message":"page not found"}');

  expect(await client.sessions.open({})).toBeUndefined();
  expect(await client.system.runcibleInfo()).toBeUndefined();
});

test("an upgraded connection carries bytes both ways", async () => {
  server.on("upgrade", (_request, socket) => {
    socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nfirst ");
    socket.pipe(socket);
  });

  const stream = await client.containers.attach("x", { stdin: true });
  stream.end("second");
  let text = "";
  for await (const chunk of stream) text += chunk;

  expect(text).toBe("first second");
});

test("a wait that another daemon fails with a text is an error", async () => {
  answer = (_request, response) => response.end('{"StatusCode":137,"Error":{"Message":"No such container: x"}}');

  await expect(client.containers.wait("x")).rejects.toMatchObject({ code: "container-not-found" });
});

test("a wait that the daemon ends without a result is an error", async () => {
  answer = (_request, response) => response.end();

  await expect(client.containers.wait("x")).rejects.toMatchObject({ code: "engine-unreachable" });
});
