import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClient, type EngineClient } from "../../../src/client/client";
import { encodeFrame } from "../../../src/wire/frames";

let folder: string;
let server: Server;
let client: EngineClient;
let write: (response: ServerResponse) => Promise<void>;
let warnings: Error[];

const keepWarning = (warning: Error): void => void warnings.push(warning);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-output-"));
  warnings = [];
  process.on("warning", keepWarning);
  server = createServer((_request, response) => void write(response));
  server.listen(join(folder, "engine.sock"));
  await once(server, "listening");
  client = createClient({ kind: "unix", path: join(folder, "engine.sock") });
});

afterEach(async () => {
  process.off("warning", keepWarning);
  client.close();
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

const frame = encodeFrame("stdout", Buffer.from(`${"é".repeat(2_047)}\n`));
const frameText = 4_095;
const frameCount = 25_000;

/** About 100 MB, as fast as they are taken; tells how many went out. */
function writeFrames(progress: { sent: number }): typeof write {
  return async (response) => {
    for (; progress.sent < frameCount; progress.sent += 1) {
      if (!response.write(frame)) await once(response, "drain");
    }
    response.end();
  };
}

test("a large log reaches a slow reader whole, is not held in memory, and warns of nothing", async () => {
  const progress = { sent: 0 };
  write = writeFrames(progress);
  let bytes = 0;
  let farthest = 0;

  for await (const chunk of await client.containers.logs("x", { follow: true })) {
    bytes += Buffer.byteLength(chunk);
    farthest = Math.max(farthest, progress.sent * frameText - bytes);
    // A turn of the event loop for each chunk: the writer is always faster.
    await new Promise((resolve) => setImmediate(resolve));
  }

  expect(bytes).toBe(frameCount * frameText);
  expect(farthest).toBeLessThan(4_000_000);
  expect(warnings).toEqual([]);
});

test("a reader that stops in the middle closes the connection", async () => {
  const progress = { sent: 0 };
  write = writeFrames(progress);
  const closed = new Promise((resolve) => server.once("connection", (socket) => socket.once("close", resolve)));

  for await (const _chunk of await client.containers.logs("x", { follow: true })) break;

  await closed;
  expect(progress.sent).toBeLessThan(frameCount);
});

test("a log ends quietly where the connection breaks", async () => {
  write = async (response) => {
    response.write(encodeFrame("stdout", Buffer.from("so far\n")), () => response.socket?.destroy());
  };

  let text = "";
  for await (const chunk of await client.containers.logs("x", { follow: true })) text += chunk;

  expect(text).toBe("so far\n");
});
