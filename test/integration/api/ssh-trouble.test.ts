import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { dispatch } from "../../../src/cli/dispatch";
import { connect } from "../../../src/client/connect";
import { parseEndpoint, type SshEndpoint } from "../../../src/client/endpoint";
import type { ChannelSocket } from "../../../src/client/ssh/channel-socket";
import { openSshConnection } from "../../../src/client/ssh/connection";
import { createTransport } from "../../../src/client/transport";
import { deferred } from "../../../src/internal/deferred";
import { run } from "../../../src/internal/exec";
import { killIfThere } from "../../../src/internal/kill-if-there";
import { freePort } from "../../support/free-port";
import { userTest } from "../../support/run-as";
import { type SshServer, startSshServer } from "../../support/ssh-server";

/** A socket that nobody listens on. */
const nowhere = "/no/such.sock";
let server: SshServer;
let home: string;

beforeAll(async () => {
  server = await startSshServer();
  home = await server.home(knownTo(server));
});
afterAll(() => server[Symbol.asyncDispose]());

function knownTo({ port, hostKey }: SshServer): string {
  return `[127.0.0.1]:${port} ${hostKey}\n`;
}

function endpointOf({ url }: SshServer, homeFolder = home, path = nowhere): SshEndpoint {
  return parseEndpoint(`${url}${path}`, "a test", { identity: { homeFolder } }) as SshEndpoint;
}

/** Takes connections and says nothing. */
async function startMute(at: { readonly path: string } | { readonly port: number }): Promise<Server> {
  const mute = createServer((socket) => {
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
  });
  onTestFinished(() => void mute.close());
  await new Promise<void>((resolve) => mute.listen({ host: "127.0.0.1", ...at }, resolve));
  return mute;
}

async function startAgent(folder: string, keys: number): Promise<string> {
  const socket = join(folder, "agent");
  const { stdout } = await run("ssh-agent", ["-s", "-a", socket]);
  onTestFinished(() => killIfThere(Number(/SSH_AGENT_PID=(\d+)/.exec(stdout)?.[1]), "SIGTERM"));
  for (let number = 0; number < keys; number++) {
    const key = join(folder, `other-${number}`);
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    await run("ssh-add", ["-q", key], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  }
  return socket;
}

const failureOf = (env: Record<string, string>): Promise<unknown> =>
  connect(env).then(
    () => undefined,
    (error) => error,
  );

test("more keys in an agent than the server takes are a refused login, and the error says so", async () => {
  const folder = await server.home(knownTo(server));
  await rm(join(folder, ".ssh/id_ed25519"));
  const agent = await startAgent(folder, 7);

  expect(await failureOf({ HOME: folder, DOCKER_HOST: server.url, SSH_AUTH_SOCK: agent })).toMatchObject({
    code: "ssh-login-refused",
    message: expect.stringMatching(/Too many authentication failures.*keys: 7.*MaxAuthTries/),
  });
});

test("the usual key of this user comes before the others that its agent has", async () => {
  const folder = await server.home(knownTo(server));
  const agent = await startAgent(folder, 7);
  const key = join(folder, ".ssh/id_ed25519");
  await run("ssh-add", ["-q", key], { env: { ...process.env, SSH_AUTH_SOCK: agent } });
  await writeFile(`${key}.pub`, (await run("ssh-keygen", ["-y", "-f", key])).stdout);
  await rm(key);
  await writeFile(key, "-----BEGIN OPENSSH PRIVATE KEY-----\nwith a passphrase, as far as anybody can tell\n");
  const endpoint = parseEndpoint(server.url, "a test", { identity: { homeFolder: folder, agentSocket: agent } });
  const closing = new AbortController();
  onTestFinished(() => closing.abort());

  const connection = openSshConnection(endpoint as SshEndpoint, { signal: closing.signal, onClose: () => {} });

  await expect(connection).resolves.toBeDefined();
});

test("an agent that takes connections and is silent is passed over", async () => {
  const agentSocket = join(home, "silent-agent");
  await startMute({ path: agentSocket });
  const endpoint = parseEndpoint(server.url, "a test", { identity: { homeFolder: home, agentSocket } }) as SshEndpoint;
  const closing = new AbortController();
  onTestFinished(() => closing.abort());

  const opening = openSshConnection(endpoint, { signal: closing.signal, onClose: () => {}, limits: { agent: 50 } });

  await expect(opening).resolves.toBeDefined();
});

test("a login that is refused tells that the agent was silent", async () => {
  const homeFolder = await server.home(knownTo(server));
  await rm(join(homeFolder, ".ssh/id_ed25519"));
  const agentSocket = join(homeFolder, "silent-agent");
  await startMute({ path: agentSocket });
  const endpoint = parseEndpoint(server.url, "a test", { identity: { homeFolder, agentSocket } }) as SshEndpoint;
  const { signal } = new AbortController();

  const opening = openSshConnection(endpoint, { signal, onClose: () => {}, limits: { agent: 50 } });

  await expect(opening).rejects.toMatchObject({
    code: "ssh-login-refused",
    message: expect.stringContaining("the agent of SSH_AUTH_SOCK (not: ask the SSH agent: it has not answered"),
  });
});

test("known hosts that cannot be read are named", async () => {
  const folder = await server.home("");
  await rm(join(folder, ".ssh/known_hosts"));
  await mkdir(join(folder, ".ssh/known_hosts"));

  expect(await failureOf({ HOME: folder, DOCKER_HOST: server.url })).toMatchObject({
    code: "ssh-host-key-unknown",
    message: expect.stringContaining(join(folder, ".ssh/known_hosts")),
  });
});

userTest("known hosts that may not be read are named", "root reads everything", async () => {
  const folder = await server.home(knownTo(server));
  await chmod(join(folder, ".ssh/known_hosts"), 0);

  expect(await failureOf({ HOME: folder, DOCKER_HOST: server.url })).toMatchObject({
    code: "ssh-host-key-unknown",
    message: expect.stringContaining("EACCES"),
  });
});

test("the command line says what went wrong over there", async () => {
  const written: string[] = [];
  const env = { HOME: home, DOCKER_HOST: `${server.url}${nowhere}` };
  const ps = {
    ...{ name: "ps", summary: "", usage: "", flags: [], arguments: { min: 0, max: 0 } },
    run: async (): Promise<number> => {
      await connect(env);
      return 0;
    },
  };
  const context = { err: (text: string) => written.push(text) } as unknown as Parameters<typeof dispatch>[1];

  expect(await dispatch([ps], context, ["ps"])).toBe(1);

  expect(written.join("")).toMatch(/^runcible: connect to ssh:.*dial-stdio" ended there with.*unset DOCKER_HOST.*\n$/);
  expect(written.join("").trim()).not.toContain("\n");
});

test("that nobody listens is told with the network's reason", async () => {
  const port = await freePort();

  expect(await failureOf({ HOME: home, DOCKER_HOST: `ssh://127.0.0.1:${port}` })).toMatchObject({
    code: "engine-unreachable",
    message: expect.stringMatching(/ECONNREFUSED.*unset DOCKER_HOST/),
  });
  expect(await failureOf({ HOME: home, DOCKER_HOST: `tcp://127.0.0.1:${port}` })).toMatchObject({
    code: "engine-unreachable",
    message: expect.stringMatching(/no daemon answers \(connect ECONNREFUSED 127.0.0.1:\d+\); start it, or unset/),
  });
});

test("a call to a mute server ends with its signal, and the login with the client", async () => {
  const port = await freePort();
  const mute = await startMute({ port });
  const arrived = new Promise<void>((resolve) => mute.once("connection", (socket) => socket.once("close", resolve)));
  const transport = createTransport(
    parseEndpoint(`ssh://127.0.0.1:${port}`, "a test", { identity: { homeFolder: home } }),
  );
  const cancel = new AbortController();
  mute.once("connection", () => cancel.abort());

  const call = transport.call("GET", "/version", { signal: cancel.signal });

  await expect(call).rejects.toMatchObject({ code: "aborted" });
  transport.close();
  await arrived;
});

test("a login that takes too long is given up, and says so", async () => {
  const port = await freePort();
  await startMute({ port });
  const limits = { login: 50 };
  const endpoint = parseEndpoint(`ssh://127.0.0.1:${port}`, "a test", {
    identity: { homeFolder: home },
  }) as SshEndpoint;

  const opening = openSshConnection(endpoint, { signal: new AbortController().signal, onClose: () => {}, limits });

  await expect(opening).rejects.toMatchObject({
    code: "engine-unreachable",
    message: expect.stringMatching(/Timed out while waiting for handshake/),
  });
});

test("a server that hangs opens no connection for ever, and counts as gone after a while", async () => {
  await using hanging = await startSshServer();
  const folder = await hanging.home(knownTo(hanging));
  const closed = deferred();
  const { signal } = new AbortController();
  // Two, as a server that a busy machine holds up may count as gone before it hangs.
  const connection = await openSshConnection(endpointOf(hanging, folder), {
    ...{ signal, onClose: () => {} },
    limits: { channel: 50 },
  });
  await openSshConnection(endpointOf(hanging, folder), { signal, onClose: closed.resolve, limits: { pulse: 50 } });
  await hanging.freeze();

  await expect(connection.open()).rejects.toMatchObject({
    code: "engine-unreachable",
    message: expect.stringContaining("has not opened a connection"),
  });
  await closed.promise;
});

test("a call on a server that hangs ends with its signal", async () => {
  await using hanging = await startSshServer();
  const folder = await hanging.home(knownTo(hanging));
  const transport = createTransport(endpointOf(hanging, folder));
  onTestFinished(() => transport.close());
  // The login is through, and what is asked is not to be had.
  await expect(transport.call("GET", "/version")).rejects.toMatchObject({ code: "engine-unreachable" });
  await hanging.freeze();
  const cancel = new AbortController();

  const calls = [
    transport.call("GET", "/version", { signal: cancel.signal }),
    transport.hijack("POST", "/exec/1/start", { signal: cancel.signal }),
  ];
  cancel.abort();

  await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject({ code: "aborted" })));
});

test("what is open on a server that hangs ends with the reason", async () => {
  await using hanging = await startSshServer();
  const folder = await hanging.home(knownTo(hanging));
  const path = join(folder, "mute.sock");
  await startMute({ path });
  const open = async (): Promise<ChannelSocket> => {
    const { signal } = new AbortController();
    const limits = { pulse: 100 };
    return await (
      await openSshConnection(endpointOf(hanging, folder, path), { signal, onClose: () => {}, limits })
    ).open();
  };
  // A server that a busy machine holds up may count as gone before it hangs: then once more.
  const socket = await open().catch(open).catch(open);
  const ended = new Promise<Error>((resolve) => socket.once("error", resolve));
  await hanging.freeze();

  expect(await ended).toMatchObject({ cause: { message: expect.stringContaining("no sign of life") } });
});

test("a client that is closed leaves no connection to a server that hangs", async () => {
  await using hanging = await startSshServer();
  const folder = await hanging.home(knownTo(hanging));
  const closing = new AbortController();
  const closed = deferred();
  await openSshConnection(endpointOf(hanging, folder), {
    signal: closing.signal,
    onClose: closed.resolve,
    limits: { grace: 50 },
  });
  await hanging.freeze();

  closing.abort();

  await closed.promise;
});
