import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { dockerodeOf } from "../../../src/api/runtime/dockerode";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { type Connection, connect } from "../../../src/client/connect";
import { readOutput } from "../../../src/client/output";
import { GenericContainer, Wait } from "../../../src/index";
import { run } from "../../../src/internal/exec";
import { killIfThere } from "../../../src/internal/kill-if-there";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { type SshServer, startSshServer } from "../../support/ssh-server";
import { busyboxImage } from "./busybox-image";

useEngineOfThisFile();

let server: SshServer;
let image: string;
let socketPath: string;
let home: string;

beforeAll(async () => {
  server = await startSshServer();
  home = await server.home(`[127.0.0.1]:${server.port} ${server.hostKey}\n`);
  // The engine runs, with a session that keeps it.
  image = await busyboxImage();
  const { endpoint } = (await getRuntime()).engine;
  socketPath = endpoint.kind === "unix" ? endpoint.path : "";
});

afterAll(() => server[Symbol.asyncDispose]());

/** What a program has that is to use the engine over SSH. */
function environment(HOME = home, url = server.url): Record<string, string> {
  return { HOME, DOCKER_HOST: `${url}${socketPath}` };
}

async function connectOverSsh(env = environment()): Promise<Connection> {
  const connection = await connect(env);
  onTestFinished(() => connection.client.close());
  return connection;
}

function setEnvironment(settings: Readonly<Record<string, string>>): void {
  const before = { ...process.env };
  onTestFinished(() => {
    for (const name of Object.keys(settings)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });
  Object.assign(process.env, settings);
}

test("a container starts, runs commands, is awaited by its log, answers on its port, and stops", async () => {
  setEnvironment({ ...environment(), SSH_AUTH_SOCK: "" });
  const { engine, host } = await getRuntime();
  onTestFinished(() => engine.close());
  expect(engine.endpoint).toMatchObject({ kind: "ssh", port: server.port, path: socketPath });
  expect(host).toBe("127.0.0.1");

  await using container = await new GenericContainer(image)
    .withCommand(["sh", "-c", "echo ready; httpd -f -p 80 -h /www"])
    .withExposedPorts(80)
    .withWaitStrategy(Wait.forAll([Wait.forLogMessage("ready"), Wait.forListeningPorts()]))
    .start();

  expect(await container.exec(["sh", "-c", "echo out; exit 3"])).toMatchObject({ stdout: "out\n", exitCode: 3 });
  const answer = await fetch(`http://${container.getHost()}:${container.getMappedPort(80)}/`);
  expect(await answer.text()).toBe("hello\n");
  const logs = await container.logs();
  await once(logs, "data").then(([line]) => expect(String(line)).toContain("ready"));
  logs.destroy();
  await container.stop();
  await expect(engine.containers.inspect(container.getId())).rejects.toMatchObject({ kind: "not-found" });
});

test("a process whose home folder changes uses the daemon that is named there, with the key that is there", async () => {
  const before = (await getRuntime()).engine.endpoint;
  const other = await server.home(`[127.0.0.1]:${server.port} ${server.hostKey}\n`);
  await writeFile(join(other, ".testcontainers.properties"), `docker.host=${server.url}${socketPath}\n`);

  setEnvironment({ HOME: other });
  const { engine } = await getRuntime();
  onTestFinished(() => engine.close());

  expect(before.kind).toBe("unix");
  expect(engine.endpoint).toMatchObject({ kind: "ssh", identity: { homeFolder: other } });
});

test.each(["SSH_AUTH_SOCK", "TESTCONTAINERS_HOST_OVERRIDE", "TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE"])(
  "a process whose %s changes sees it at the next start",
  async (name) => {
    setEnvironment({ ...environment(), [name]: "" });
    const before = await getRuntime();
    setEnvironment({ [name]: "127.0.0.9" });
    const after = await getRuntime();
    onTestFinished(() => {
      for (const { engine } of [before, after]) engine.close();
    });
    const { engine, host, remoteSocketPath } = after;

    const agentSocket = engine.endpoint.kind === "ssh" ? engine.endpoint.identity.agentSocket : undefined;
    expect({
      SSH_AUTH_SOCK: agentSocket,
      TESTCONTAINERS_HOST_OVERRIDE: host,
      TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE: remoteSocketPath,
    }).toMatchObject({ [name]: "127.0.0.9" });
    expect(after).not.toBe(before);
  },
);

test("a stream with input is closed in one direction only, after more than the window of a channel", async () => {
  const { client } = await connectOverSsh();
  const { Id } = await client.containers.create({ Image: image, Cmd: ["sleep", "60"] });
  onTestFinished(() => client.containers.remove(Id, { force: true }));
  await client.containers.start(Id);
  const input = Buffer.alloc(5_000_000, "0123456789abcdef");
  const exec = await client.exec.create(Id, {
    AttachStdin: true,
    AttachStdout: true,
    Cmd: ["sh", "-c", "md5sum; echo and more"],
  });
  const socket = await client.exec.startWithInput(exec.Id);

  socket.end(input);

  let output = "";
  for await (const { payload } of readOutput(socket)) output += payload.toString();
  expect(output).toMatch(/^[0-9a-f]{32} {2}-\nand more\n$/);
});

test("a server that does not lead to sockets runs docker system dial-stdio", async () => {
  await using strict = await startSshServer("AllowStreamLocalForwarding no");
  const strictHome = await strict.home(`[127.0.0.1]:${strict.port} ${strict.hostKey}\n`);

  const { client, isOwnEngine } = await connectOverSsh(environment(strictHome, strict.url));

  expect(isOwnEngine).toBe(true);
  expect((await client.images.inspect(image)).RepoTags).toContain(image);
});

test("without a daemon there, the error has what the program there said", async () => {
  const connecting = connectOverSsh({ ...environment(), DOCKER_HOST: `${server.url}/no/such.sock` });

  await expect(connecting).rejects.toMatchObject({
    code: "engine-unreachable",
    cause: { message: expect.stringMatching(/docker --host .*dial-stdio" ended there with 1.*\/no\/such\.sock/) },
  });
});

test("a host key that is not known is refused, and the error says how it gets known", async () => {
  const connecting = connectOverSsh(environment(await server.home("")));

  await expect(connecting).rejects.toMatchObject({
    code: "ssh-host-key-unknown",
    message: expect.stringContaining(`connect once with "ssh -p ${server.port} `),
  });
});

test("another host key than the known one, and a revoked one, are refused", async () => {
  const name = `[127.0.0.1]:${server.port}`;
  const other = `${server.hostKey.slice(0, -8)}AAAAAAAA`;
  for (const line of [`${name} ${other}`, `@revoked * ${server.hostKey}\n${name} ${server.hostKey}`]) {
    const connecting = connectOverSsh(environment(await server.home(line)));

    await expect(connecting).rejects.toMatchObject({ code: "ssh-host-key-refused" });
  }
});

test("a hashed known host is recognised as ssh-keygen writes it", async () => {
  const hashed = await server.home(`[127.0.0.1]:${server.port} ${server.hostKey}\n`);
  await run("ssh-keygen", ["-H", "-f", join(hashed, ".ssh/known_hosts")]);

  await expect(connectOverSsh(environment(hashed))).resolves.toMatchObject({ isOwnEngine: true });
});

test("a login with no key, or a key that is not taken, is refused", async () => {
  const keyless = await server.home(`[127.0.0.1]:${server.port} ${server.hostKey}\n`);
  const key = join(keyless, ".ssh/id_ed25519");
  await rm(key);
  await expect(connectOverSsh(environment(keyless))).rejects.toMatchObject({ code: "ssh-login-refused" });
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);

  await expect(connectOverSsh(environment(keyless))).rejects.toMatchObject({
    code: "ssh-login-refused",
    message: expect.stringContaining(key),
  });
});

test("an agent that does not answer is passed over", async () => {
  const env = { ...environment(), SSH_AUTH_SOCK: "/no/such/agent" };

  await expect(connectOverSsh(env)).resolves.toMatchObject({ isOwnEngine: true });
});

test("the key of an agent is taken", async () => {
  const keyless = await server.home(`[127.0.0.1]:${server.port} ${server.hostKey}\n`);
  const agent = join(keyless, "agent");
  const { stdout } = await run("ssh-agent", ["-s", "-a", agent]);
  onTestFinished(() => killIfThere(Number(/SSH_AGENT_PID=(\d+)/.exec(stdout)?.[1]), "SIGTERM"));
  const key = join(keyless, ".ssh/id_ed25519");
  await run("ssh-add", ["-q", key], { env: { ...process.env, SSH_AUTH_SOCK: agent } });
  await rm(key);

  const connection = await connectOverSsh({ ...environment(keyless), SSH_AUTH_SOCK: agent });

  expect(connection.isOwnEngine).toBe(true);
});

test("dockerode goes the same way", async () => {
  const { client } = await connectOverSsh();
  const docker = dockerodeOf(client.endpoint);

  expect((await docker.version()).ApiVersion).toMatch(/^1\./);
});

test("a connection that breaks is an error for what runs, and the next call opens another", async () => {
  const { client } = await connectOverSsh();
  const { Id } = await client.containers.create({ Image: image, Cmd: ["sleep", "60"] });
  onTestFinished(() => client.containers.remove(Id, { force: true }));
  await client.containers.start(Id);
  const waiting = client.containers.wait(Id);
  const broken = expect(waiting).rejects.toMatchObject({ code: "engine-unreachable" });

  await server.hangUp();

  await broken;
  expect((await client.containers.inspect(Id)).State.Running).toBe(true);
});

test("open connections do not keep a process alive", async () => {
  const program = join(home, "program.js");
  await writeFile(
    program,
    `const { connect } = require(${JSON.stringify(join(__dirname, "../../../build/client/connect.js"))});
     connect()
       .then(async ({ client }) => [await client.images.list(), await client.sessions.open({ Id: "over-ssh" })])
       .then(([images, session]) => console.log(images.length > 0, session !== undefined));`,
  );

  const { stdout } = await run(process.execPath, [program], {
    env: { ...process.env, ...environment() },
    timeoutMs: 60_000,
  });

  expect(stdout).toBe("true true\n");
});
