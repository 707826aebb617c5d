import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import Docker from "dockerode";
import { expect, test } from "vitest";
import type { ContainerSpec } from "../../../src/engine/routes/container-spec";
import { noSuchImage } from "../../../src/wire/docker-errors";
import { connectRaw } from "./raw-connection";
import { containerView, serveEngine } from "./serve-engine";

test("the socket is the user's alone, and ping negotiates", async () => {
  const { socketPath } = await serveEngine();
  expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
  const { socket, until } = await connectRaw(socketPath);
  socket.write("HEAD /v1.24/_ping HTTP/1.1\r\nHost:\r\n\r\n");
  const answer = await until("\r\n\r\n");
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
  expect(answer).toMatch(/Api-Version: 1\.45/i);
  expect(answer).toMatch(/Ostype: linux/i);
});

test.each([
  ["/v1.99/info", 400, "client version 1.99 is too new"],
  ["/v1.0/info", 400, "client version 1.0 is too old"],
  ["/vbogus/info", 404, "page not found"],
  ["/nodes", 503, "not a swarm manager"],
  ["/containers/%zz/json", 400, "not percent-encoded"],
])("%s is answered %i", async (path, status, message) => {
  const { socketPath } = await serveEngine();
  const { socket, all } = await connectRaw(socketPath);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const answer = await all();
  expect(answer).toContain(`HTTP/1.1 ${status} `);
  expect(answer).toContain(message);
});

test("a create body of half a megabyte in the URL is fine, two megabytes are refused with an answer", async () => {
  const { socketPath } = await serveEngine({ containers: { create: async () => ({ id: "c1", warnings: [] }) } });
  const docker = new Docker({ socketPath });
  const container = await docker.createContainer({ Image: "bb", Env: [`A=${"x".repeat(500_000)}`] });
  expect(container.id).toBe("c1");
  const { socket, all } = await connectRaw(socketPath);
  socket.write(`GET /info?x=${"x".repeat(2_000_000)} HTTP/1.1\r\nHost: x\r\n\r\n`);
  expect(await all()).toMatch(/^HTTP\/1\.1 431 .*"message"/s);
});

test("dockerode creates with name and platform, and sees a missing image as 404", async () => {
  const specs: ContainerSpec[] = [];
  const { socketPath } = await serveEngine({
    containers: {
      create: async (spec) => {
        specs.push(spec);
        throw noSuchImage("bb:latest");
      },
    },
  });
  const creation = new Docker({ socketPath }).createContainer({ Image: "bb", name: "web", platform: "linux/amd64" });
  await expect(creation).rejects.toMatchObject({ statusCode: 404, json: { message: "No such image: bb:latest" } });
  expect(specs).toMatchObject([{ name: "web", platform: "linux/amd64" }]);
});

test("image names with slashes, ports and escapes reach the service whole", async () => {
  const names: string[] = [];
  const { socketPath } = await serveEngine({
    images: {
      inspect: async (name) => {
        names.push(name);
        throw noSuchImage(name);
      },
    },
  });
  for (const path of ["127.0.0.1:5055/a/b:1", "docker.io%2Flibrary%2Fx%3A1"]) {
    const { socket, all } = await connectRaw(socketPath);
    socket.write(`GET /images/${path}/json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(await all()).toContain("404");
  }
  expect(names).toEqual(["127.0.0.1:5055/a/b:1", "docker.io/library/x:1"]);
});

test("a pull that fails before its first line is an HTTP error, after it a line", async () => {
  const { socketPath } = await serveEngine({
    images: {
      async *pull({ image }) {
        if (image === "gone") throw noSuchImage(image);
        yield { status: "Pulling from x", id: "1" };
        throw noSuchImage(image);
      },
    },
  });
  const docker = new Docker({ socketPath });
  await expect(docker.createImage({ fromImage: "gone" })).rejects.toMatchObject({ statusCode: 404 });
  const lines = Readable.from(await docker.createImage({ fromImage: "half" }));
  const text = Buffer.concat(await lines.toArray()).toString();
  expect(text).toContain('"error":"No such image: half"');
});

test("wait sends its headers at once and the code when it is there", async () => {
  let exit: (outcome: { exitCode: number }) => void = () => {};
  const outcome = new Promise<{ exitCode: number }>((resolve) => {
    exit = resolve;
  });
  const { socketPath } = await serveEngine({ containers: { wait: async () => ({ outcome }) } });
  const { socket, until } = await connectRaw(socketPath);
  socket.write("POST /v1.41/containers/c/wait?condition=next-exit HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  await until("200 OK");
  exit({ exitCode: 7 });
  expect(await until("}")).toContain('{"Error":null,"StatusCode":7}');
});

test("a session lives as long as its connection", async () => {
  let tell: (id: string) => void = () => {};
  const ended = new Promise<string>((resolve) => {
    tell = resolve;
  });
  const { socketPath } = await serveEngine({
    sessions: { open: async ({ id }) => ({ id: id ?? "s1" }), end: async (id) => tell(id) },
  });
  const { socket, until } = await connectRaw(socketPath);
  socket.write('POST /runcible/session HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n{"Id":"s7"}');
  await until('{"Id":"s7"}\n');
  socket.destroy();
  expect(await ended).toBe("s7");
});

test("closing the server ends sessions and leaves no connection", async () => {
  const ends: string[] = [];
  const { socketPath, server } = await serveEngine({
    sessions: { open: async () => ({ id: "s1" }), end: async (id) => void ends.push(id) },
  });
  const { socket, until, all } = await connectRaw(socketPath);
  socket.write("POST /runcible/session HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  await until("s1");
  const rest = all();
  await server.close();
  await rest;
  expect(ends).toEqual(["s1"]);
  expect(server.openRequests).toBe(0);
});

test("logs come in frames, with timestamps when asked for", async () => {
  const time = BigInt(Date.UTC(2026, 10, 24, 5, 15, 26)) * 1_000_000n + 1n;
  const { socketPath } = await serveEngine({
    containers: {
      logs: async () => ({
        isTty: false,
        records: Readable.from([[{ stream: "stdout", data: Buffer.from("one\n"), time }]]),
      }),
      inspect: async () => containerView({ Image: "bb" }),
    },
  });
  const text = await new Docker({ socketPath }).getContainer("c").logs({ stdout: true, timestamps: true });
  expect(text.subarray(8).toString()).toBe("2026-11-24T05:15:26.000000001Z one\n");
});
