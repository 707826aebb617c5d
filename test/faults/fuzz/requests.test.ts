import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { connect as connectTo } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { connect } from "../../../src/client/connect";
import { errorTable } from "../../../src/internal/errors";
import { socketPathOf } from "../../../src/internal/state-folder";
import { tarOf } from "../../integration/layer/layer-fixture";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { enginePid } from "../support/engine-process";
import { expectNoMoreThan, settledHoldings } from "../support/machine";

const engine = useNewEngineOfThisFile({ RUNCIBLE_IDLE_SECONDS: "600" });
const image = "host/busybox:local";
const answerLimitMs = 20_000;

let container: string;
let exec: string;

beforeAll(async () => {
  const { client } = await connect();
  await client.images.buildHostImage({ Name: image, Executables: ["busybox"], Config: {} });
  container = (await client.containers.create({ Image: image, Cmd: ["busybox", "sleep", "10000"] })).Id;
  await client.containers.start(container);
  exec = (await client.exec.create(container, { Cmd: ["busybox", "true"] })).Id;
  client.close();
});

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Got {
  readonly status: number;
  readonly text: string;
}

/** The first bytes of an answer; what goes on for ever is hung up on. */
function send({ method, path, body, headers = {} }: Sent): Promise<Got> {
  return new Promise((resolve, reject) => {
    const socketPath = socketPathOf(engine.stateFolder, process.getuid?.() ?? 0);
    const type = { "content-type": "application/json" };
    const asked = request({ socketPath, method, path, headers: { ...type, ...headers }, agent: false }, (response) => {
      let text = "";
      const finish = (): void => {
        resolve({ status: response.statusCode ?? 0, text });
        asked.destroy();
      };
      response.on("data", (chunk: Buffer) => {
        // An error is read whole: it may repeat a long value that it was sent.
        if (text.length < 1_000_000) text += chunk.toString("latin1");
      });
      response.once("end", finish).once("error", finish);
      delay(300, undefined, { ref: false }).then(() => (response.statusCode ?? 0) < 300 && finish());
    });
    asked.once("upgrade", (_response, socket) => {
      socket.destroy();
      resolve({ status: 101, text: "" });
    });
    asked.once("error", reject);
    asked.setTimeout(answerLimitMs, () => reject(new TypeError(`no answer to ${method} ${path} ${body}`)));
    asked.end(body);
  });
}

/** No crash and no hang; what fails has a code of the table, and is nobody's defect. */
async function expectAnswer(sent: Sent): Promise<void> {
  const { status, text } = await send(sent);
  expect(status, `${sent.method} ${sent.path} ${sent.body}: ${text}`).toBeGreaterThan(0);
  if (status < 400) return;
  const { code = "" } = JSON.parse(text) as { code?: string };
  expect(Object.keys(errorTable)).toContain(code);
  expect(code, `${sent.method} ${sent.path} ${sent.body}: ${text}`).not.toBe("internal");
}

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(-1, 2 ** 53, 1e308, "", "\u0000", "../../etc", "a".repeat(5000), "1g", "true", null),
);
const keys = {
  create: [
    "Cmd",
    "Entrypoint",
    "Env",
    "Labels",
    "Tty",
    "User",
    "WorkingDir",
    "ExposedPorts",
    "Volumes",
    "Healthcheck",
    "StopSignal",
    "StopTimeout",
    "HostConfig",
    "NetworkingConfig",
    "Hostname",
    "Domainname",
    "MacAddress",
    "Shell",
    "NetworkDisabled",
  ],
  host: [
    "Binds",
    "Mounts",
    "PortBindings",
    "NetworkMode",
    "RestartPolicy",
    "AutoRemove",
    "Memory",
    "MemorySwap",
    "NanoCpus",
    "CpuShares",
    "PidsLimit",
    "CapAdd",
    "CapDrop",
    "Tmpfs",
    "ShmSize",
    "Ulimits",
    "SecurityOpt",
    "ExtraHosts",
    "Dns",
    "DnsSearch",
    "Links",
    "LogConfig",
    "Sysctls",
    "VolumesFrom",
    "IpcMode",
    "PidMode",
    "GroupAdd",
    "Devices",
    "ReadonlyRootfs",
  ],
  exec: [
    "Cmd",
    "Env",
    "User",
    "WorkingDir",
    "Tty",
    "AttachStdin",
    "AttachStdout",
    "Privileged",
    "DetachKeys",
    "ConsoleSize",
  ],
  network: ["Name", "Driver", "IPAM", "Internal", "Labels", "Options", "EnableIPv6", "CheckDuplicate", "Attachable"],
  volume: ["Name", "Driver", "DriverOpts", "Labels"],
  endpoint: ["Container", "EndpointConfig", "Force"],
} as const;
const objectOf = (names: readonly string[]): fc.Arbitrary<object> =>
  fc.dictionary(fc.constantFrom(...names), anything, { maxKeys: 5 });
const createBody = fc
  .tuple(objectOf(keys.create), objectOf(keys.host), fc.boolean())
  .map(([body, host, isWhole]) => ({ ...body, ...(isWhole ? { Image: image, HostConfig: host } : {}) }));
const query = fc
  .dictionary(
    fc.constantFrom(
      "filters",
      "all",
      "limit",
      "size",
      "since",
      "until",
      "tail",
      "timestamps",
      "stdout",
      "stderr",
      "follow",
      "t",
      "signal",
      "condition",
      "h",
      "w",
      "path",
      "name",
      "v",
      "force",
      "platform",
      "buildargs",
      "labels",
      "dockerfile",
      "shmsize",
      "extrahosts",
      "changes",
      "repo",
      "tag",
      "reference",
    ),
    fc.oneof(
      fc.string(),
      fc.constantFrom(
        "1",
        "-1",
        "{}",
        "[]",
        '{"label":["a"]}',
        '{"label":{"a":true}}',
        "null",
        "99999999999999999999",
        "..",
      ),
    ),
    { maxKeys: 4 },
  )
  .map((pairs) => new URLSearchParams(pairs).toString());

const here = (): fc.Arbitrary<string> =>
  fc.constantFrom(container, container.slice(0, 12), "none", "..", "%00", "%2e%2e");

test("whatever JSON a request brings, it is answered, and never by a defect", async () => {
  const idle = await settledHoldings(engine.stateFolder);
  const pid = await enginePid(engine.stateFolder);
  const withBody = (path: string, body: unknown): Sent => ({ method: "POST", path, body: JSON.stringify(body) });
  const one = fc.oneof(
    { weight: 5, arbitrary: createBody.map((body) => withBody("/containers/create", body)) },
    fc.tuple(here(), objectOf(keys.exec)).map(([id, body]) => withBody(`/containers/${id}/exec`, body)),
    objectOf(keys.exec).map((body) => withBody(`/exec/${exec}/start`, { Detach: true, ...body })),
    objectOf(keys.network).map((body) => withBody("/networks/create", body)),
    objectOf(keys.volume).map((body) => withBody("/volumes/create", body)),
    objectOf(keys.endpoint).map((body) => withBody("/networks/bridge/connect", body)),
    objectOf(keys.endpoint).map((body) => withBody("/networks/none/disconnect", body)),
    fc.tuple(here(), objectOf(keys.host)).map(([id, body]) => withBody(`/containers/${id}/update`, body)),
    anything.map((body) => withBody("/containers/create?name=x", body)),
    fc.string().map((body) => ({ method: "POST", path: "/containers/create", body })),
  );
  await fc.assert(fc.asyncProperty(one, expectAnswer), { numRuns: 200, endOnFailure: true });
  await removeAllMade();
  expect(await enginePid(engine.stateFolder)).toBe(pid);
  await expectNoMoreThan(idle, 10_000);
});

test("whatever a query says, it is answered, and never by a defect", async () => {
  const path = fc.oneof(
    fc.constantFrom(
      "/containers/json",
      "/images/json",
      "/networks",
      "/volumes",
      "/events",
      "/info",
      "/version",
      "/system/df",
    ),
    fc
      .tuple(here(), fc.constantFrom("json", "logs", "top", "changes", "stats", "archive", "export"))
      .map(([id, what]) => `/containers/${id}/${what}`),
    fc.constantFrom(
      "/v1.45/containers/json",
      "/v0.1/info",
      "/v999.0/info",
      "/vx/info",
      "//",
      "/images/none/json",
      "/images/%2e%2e/json",
    ),
  );
  const one = fc.tuple(path, query).map(([to, asked]) => ({ method: "GET", path: `${to}?${asked}` }));
  await fc.assert(fc.asyncProperty(one, expectAnswer), { numRuns: 150, endOnFailure: true });
});

test("whatever bytes come as an archive, they are taken or refused, and never by a defect", async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 2000 }).map((some) => Buffer.from(some)),
    fc
      .tuple(fc.string({ maxLength: 90 }), fc.constantFrom(..."01234567xg"), fc.string({ maxLength: 90 }), fc.nat(500))
      .map(([name, type, linkName, at]) => {
        const tar = tarOf([{ name, type, linkName, data: type === "0" ? "x" : "" }]);
        tar.writeUInt8(0x41, at);
        return tar;
      }),
  );
  const to = fc.constantFrom(
    ["PUT", `/containers/${container}/archive?path=/tmp`],
    ["PUT", `/containers/${container}/archive?path=/`],
    ["POST", "/images/load"],
    ["POST", "/images/create?fromSrc=-"],
    ["POST", "/build"],
  );
  const one = fc.tuple(to, bytes).map(([[method = "", path = ""], body]) => ({
    ...{ method, path, body },
    headers: { "content-type": "application/x-tar" },
  }));
  await fc.assert(fc.asyncProperty(one, expectAnswer), { numRuns: 100, endOnFailure: true });
  await removeAllMade();
});

test("bytes that are no HTTP harm nobody", async () => {
  const socketPath = socketPathOf(engine.stateFolder, process.getuid?.() ?? 0);
  const say = async (bytes: Uint8Array): Promise<void> => {
    const socket = connectTo(socketPath);
    socket.on("error", () => {});
    socket.end(bytes);
    socket.resume();
    // What asks for events is answered for as long as it listens.
    await Promise.race([new Promise((resolve) => socket.once("close", resolve)), delay(50)]);
    socket.destroy();
  };
  const http = fc.constantFrom(
    "GET / HTTP/1.1\r\n",
    "POST /containers/create HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n",
    "GET /events HTTP/1.1\r\nconnection: upgrade\r\nupgrade: tcp\r\n\r\n",
    "POST /build HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n",
  );
  await fc.assert(
    fc.asyncProperty(http, fc.uint8Array({ maxLength: 300 }), (head, rest) =>
      say(Buffer.concat([Buffer.from(head), rest])),
    ),
    { numRuns: 100, endOnFailure: true },
  );
  await say(randomBytes(200_000));
  await expectAnswer({ method: "GET", path: "/info" });
});

test("after all that the engine works, and has noted no defect", async () => {
  const { client } = await connect();
  await client.containers.putArchive(container, "/", Readable.from([tarOf([{ name: "whole", data: "x" }])]));
  await expect(client.containers.inspect(container)).resolves.toMatchObject({ State: { Running: true } });
  client.close();
  expect(await readFile(join(engine.stateFolder, "engine.log"), "utf8")).not.toContain("defect:");
});

async function removeAllMade(): Promise<void> {
  const { client } = await connect();
  for (const { Id } of await client.containers.list({ all: true })) {
    if (Id !== container) await client.containers.remove(Id, { force: true, volumes: true });
  }
  for (const { Id, Name } of await client.networks.list()) {
    if (!["bridge", "host", "none"].includes(Name)) await client.networks.remove(Id);
  }
  for (const { Name } of await client.volumes.list()) await client.volumes.remove(Name);
  client.close();
}
