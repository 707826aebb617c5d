import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { busyboxImage } from "../../integration/api/busybox-image";
import { connectRaw } from "../../integration/http/raw-connection";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { ask, expectSettled, healthOf } from "./engine-health";

const engine = useNewEngineOfThisFile();
let socketPath: string;
let image: string;

beforeAll(async () => {
  await getRuntime();
  socketPath = join(engine.stateFolder, "engine.sock");
  image = await busyboxImage();
});

const json = { "content-type": "application/json" };

test.each([
  ["no JSON", "{bad json", /no JSON/],
  ["a list", "[]", /want a JSON object/],
  ["a bare text", '"x"', /want a JSON object/],
  ["half a body", '{"Image":', /no JSON/],
  ["numbers where texts belong", '{"Image":5}', /Image/],
  ["a text where an object belongs", '{"Image":"x","HostConfig":"y"}', /HostConfig/],
  ["an object where a list belongs", '{"Image":"x","Env":{"a":1}}', /Env/],
  ["memory beyond all numbers", '{"Image":"x","HostConfig":{"Memory":1e400}}', /Memory/],
  ["less memory than none", '{"Image":"x","HostConfig":{"Memory":-5}}', /[Mm]emory/],
  ["a text for memory", '{"Image":"x","HostConfig":{"Memory":"much"}}', /Memory/],
  ["a port that is none", '{"Image":"x","ExposedPorts":{"99999999/tcp":{}}}', /port/],
  ["a name with a path", '{"Image":"../../etc/passwd"}', /invalid reference/],
])("create with %s is refused with a sentence", async (_what, body, sentence) => {
  const answer = await ask(socketPath, "POST", "/containers/create", { body, headers: json });

  expect([400, 404]).toContain(answer.status);
  expect(JSON.parse(answer.body)).toEqual(expect.objectContaining({ message: expect.stringMatching(sentence) }));
});

test("fields that nobody knows, and null for those that are known, are passed over", async () => {
  const nothing = Object.fromEntries(
    ["Cmd", "Env", "Labels", "Volumes", "ExposedPorts", "HostConfig", "NetworkingConfig", "Healthcheck"].map((key) => [
      key,
      null,
    ]),
  );
  const body = JSON.stringify({ ...nothing, Image: image, Unknown: { deep: [1, 2, { x: null }] } });

  const created = await ask(socketPath, "POST", "/containers/create?unknown=1&limit=", { body, headers: json });

  expect(created.status).toBe(201);
  expect((await ask(socketPath, "DELETE", `/containers/${JSON.parse(created.body).Id}`)).status).toBe(204);
});

test("a body larger than any request needs is refused while it comes", async () => {
  const before = await healthOf(engine.stateFolder);
  const connection = await connectRaw(socketPath);
  const length = 4 * 1024 ** 3;
  connection.socket.on("error", () => {});
  connection.socket.write(`POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n{"a":"`);
  const chunk = Buffer.alloc(1024 * 1024, "x");
  for (let sent = 0; sent < 32; sent++) connection.socket.write(chunk);

  expect(await connection.until("larger than")).toContain("HTTP/1.1 400");
  connection.socket.destroy();
  await expectSettled(engine.stateFolder, before);
});

test.each([
  ["one header of two megabytes", `X-Flood: ${"x".repeat(2 * 1024 * 1024)}\r\n`],
  ["a hundred thousand headers", Array.from({ length: 100_000 }, (_, index) => `X-${index}: ${index}\r\n`).join("")],
])("%s: 431, and the engine goes on", async (_what, flood) => {
  const before = await healthOf(engine.stateFolder);
  const connection = await connectRaw(socketPath);
  connection.socket.on("error", () => {});
  connection.socket.write(`GET /_ping HTTP/1.1\r\nHost: x\r\n${flood}\r\n`);

  expect(await connection.until("\r\n\r\n")).toContain("431 Request Header Fields Too Large");
  connection.socket.destroy();
  await expectSettled(engine.stateFolder, before);
});

test.each([
  ["what is no HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01"],
  ["a method that is none", "BREW /coffee HTTP/1.1\r\nHost: x\r\n\r\n"],
  ["two lengths", "POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}"],
  [
    "length and chunks",
    "POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
  ],
  [
    "a chunk without a size",
    "POST /containers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
  ],
])("%s is answered by 400, and the connection ends", async (_what, bytes) => {
  const connection = await connectRaw(socketPath);
  connection.socket.on("error", () => {});
  connection.socket.write(bytes);

  expect(await connection.until("\r\n\r\n")).toMatch(/^HTTP\/1\.1 400/);
  await connection.all();
});

test("500 requests at once are all answered", async () => {
  const before = await healthOf(engine.stateFolder);
  const paths = ["/containers/json?all=1", "/info", "/images/json", "/networks", "/version"];

  const answers = await Promise.all(
    Array.from({ length: 500 }, (_, index) => ask(socketPath, "GET", paths[index % paths.length] ?? "/_ping")),
  );

  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  await expectSettled(engine.stateFolder, before);
});

test("200 creates of the same name at once: one container, and 409 for all others", async () => {
  const body = JSON.stringify({ Image: image });

  const answers = await Promise.all(
    Array.from({ length: 200 }, () => ask(socketPath, "POST", "/containers/create?name=only", { body, headers: json })),
  );

  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 201)).toHaveLength(1);
  expect(statuses.filter((status) => status === 409)).toHaveLength(199);
  expect((await ask(socketPath, "DELETE", "/containers/only")).status).toBe(204);
});
