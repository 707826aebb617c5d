import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { type DockerCommand, must } from "../../support/docker-command";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { connectRaw, type RawConnection } from "../http/raw-connection";
import { dockerOnEngine } from "./docker-on-engine";

const engine = useEngineOfThisFile();
let docker: DockerCommand;
let image: string;

beforeAll(async () => {
  ({ docker, image } = await dockerOnEngine(engine));
});

const upgrade = "Host: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n";

/** Past the head of a stream that has begun. */
async function opened(method: string, path: string, body = ""): Promise<RawConnection> {
  const connection = await connectRaw(join(engine.stateFolder, "engine.sock"));
  const type = `Content-Type: application/json\r\nContent-Length: ${body.length}`;
  connection.socket.write(`${method} ${path} HTTP/1.1\r\n${upgrade}${type}\r\n\r\n${body}`);
  expect(await connection.until("\r\n\r\n")).toContain("101 UPGRADED");
  return connection;
}

async function container(...args: readonly string[]): Promise<string> {
  const id = await must(docker, "run", "-d", ...args);
  onTestFinished(async () => void (await docker(["rm", "-f", id])));
  return id;
}

function attach(id: string, query = ""): Promise<RawConnection> {
  return opened("POST", `/v1.45/containers/${id}/attach?stream=1&stdin=1&stdout=1&stderr=1${query}`);
}

async function exec(id: string, more: object): Promise<{ readonly execId: string; readonly stream: RawConnection }> {
  const stdio = { AttachStdin: true, AttachStdout: true, AttachStderr: true };
  const { Id } = await engine.client.exec.create(id, { Cmd: ["cat"], ...stdio, ...more });
  return { execId: Id, stream: await opened("POST", `/v1.45/exec/${Id}/start`, '{"Detach":false}') };
}

/** Whole seconds are all that the command line knows of times: up to the next one. */
function eventsOf(id: string): Promise<string> {
  const until = String(Math.ceil(Date.now() / 1000));
  return must(docker, "events", "--since", "1", "--until", until, "--filter", `container=${id}`);
}

test.each([
  ["the usual keys", "", "\x10", "\x11"],
  ["keys of the client's choice", "&detachKeys=ctrl-x,x", "\x18", "x"],
])("attach to a terminal: %s end the connection and nothing else", async (_, query, first, second) => {
  const id = await container("-it", image, "sh");
  const { socket, until, all } = await attach(id, query);
  socket.write("kept=here; echo [$kept]\n");
  await until("[here]");

  socket.write(first);
  socket.write(second);
  await all();

  const again = await attach(id);
  again.socket.write("echo still $kept\n");
  await again.until("still here");
  expect(await eventsOf(id)).toContain("container detach");
});

test("keys that begin like those that detach reach the terminal when others follow", async () => {
  const id = await container("-it", image, "sh", "-c", "stty raw -echo; echo ready; od -An -tx1 -v -w1");
  const { socket, until } = await attach(id, "&logs=1");
  await until("ready");

  socket.write("\x10");
  socket.write("a\x10\x10");
  socket.write("b");

  await until("10");
  expect(await until("62")).toMatch(/10\s+61\s+10\s+10\s+62/);
});

test("without a terminal the same bytes are input", async () => {
  const id = await container("-i", image, "cat");
  const { socket, until } = await attach(id);

  socket.write("\x10\x11more");

  await until("\x10\x11more");
});

test("a command's terminal: its keys end the connection, and the command goes on", async () => {
  const id = await container(image, "sleep", "1000");
  const { execId, stream } = await exec(id, { Tty: true, DetachKeys: "ctrl-a,d" });
  stream.socket.write("typed\n");
  await stream.until("typed");

  stream.socket.write("\x01d");
  await stream.all();

  const { Running } = await engine.client.exec.inspect(execId);
  expect(Running).toBe(true);
  expect(await eventsOf(id)).toContain("container exec_detach");
});

test("a command without a terminal gets them as input", async () => {
  const id = await container(image, "sleep", "1000");
  const { stream } = await exec(id, { DetachKeys: "ctrl-a,d" });

  stream.socket.write("\x01dmore");

  await stream.until("\x01dmore");
});

test("keys that there are not are refused", async () => {
  const id = await container("-it", image, "sh");
  const { socket, all } = await connectRaw(join(engine.stateFolder, "engine.sock"));
  socket.write(
    `POST /containers/${id}/attach?stream=1&stdin=1&detachKeys=ctrl-1 HTTP/1.1\r\nConnection: close\r\n\r\n`,
  );

  expect(await all()).toMatch(/^HTTP\/1\.1 400 .*Invalid detach keys \(ctrl-1\) provided/s);
  const created = engine.client.exec.create(id, { Cmd: ["cat"], AttachStdin: true, Tty: true, DetachKeys: "nokey" });
  await expect(created).rejects.toMatchObject({ message: expect.stringContaining("Invalid detach keys (nokey)") });
});
