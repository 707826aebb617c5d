import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { PortRequest, PortReservation } from "../../../src/runtime/network/stack";
import { freePort } from "../../support/free-port";
import { askTcpBody, echoTcp, echoUdp, evaluateIn, serveIn } from "./in-sandbox";
import { addNetwork, on, openStack } from "./open-stack";

const anyPort = { first: 0, last: 0 };
const tcp = (containerPort: number, changes: Partial<PortRequest> = {}): PortRequest => ({
  containerPort,
  protocol: "tcp",
  hostPort: anyPort,
  ...changes,
});

function portOf({ bindings }: PortReservation): number {
  const [binding] = bindings;
  if (binding === undefined) expect.fail("nothing was published");
  return binding.hostPort;
}

/** Sends, ends its half, and resolves with all that comes back, or with the code of the error. */
async function ask(host: string, port: number, data: string | Buffer): Promise<string> {
  const socket = connect({ host, port });
  socket.end(data);
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of socket) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

test("a published port is reached on both loopback addresses, whole and with half-close", async () => {
  const stack = await openStack();
  const network = await addNetwork(stack, 1);
  const ports = await stack.reservePorts([tcp(7)]);
  const sandbox = await stack.openSandbox({ containerId: "one", endpoints: [on(network, "one")], ports });
  await serveIn(sandbox, echoTcp(7));
  const large = "x".repeat(8 * 1024 * 1024);
  expect(ports.bindings.map(({ hostIp }) => hostIp)).toEqual(["127.0.0.1", "::1"]);
  expect(new Set(ports.bindings.map(({ hostPort }) => hostPort)).size).toBe(1);
  expect(await ask("127.0.0.1", portOf(ports), "four")).toBe("four");
  expect(await ask("::1", portOf(ports), large)).toBe(large);
});

test("a thousand connections in a row all succeed", async () => {
  const stack = await openStack();
  const network = await addNetwork(stack, 1);
  const ports = await stack.reservePorts([tcp(7)]);
  const sandbox = await stack.openSandbox({ containerId: "one", endpoints: [on(network, "one")], ports });
  await serveIn(sandbox, echoTcp(7));
  for (let index = 0; index < 1000; index++) {
    expect(await ask("127.0.0.1", portOf(ports), `${index}`)).toBe(`${index}`);
  }
});

test("connections before the sandbox wait for it, and a container that does not listen resets them", async () => {
  const stack = await openStack();
  const network = await addNetwork(stack, 1);
  const ports = await stack.reservePorts([tcp(7), tcp(8)]);
  const early = ports.bindings.map(({ hostIp, hostPort }) => ask(hostIp, hostPort, "early"));
  await stack.openSandbox({ containerId: "one", endpoints: [on(network, "one")], ports });
  expect(await Promise.all(early)).toEqual(["ECONNRESET", "ECONNRESET", "ECONNRESET", "ECONNRESET"]);
});

test("UDP is relayed on both loopback addresses, each client apart, question by question", async () => {
  const stack = await openStack();
  const network = await addNetwork(stack, 1);
  const ports = await stack.reservePorts([tcp(9, { protocol: "udp" })]);
  const sandbox = await stack.openSandbox({ containerId: "one", endpoints: [on(network, "one")], ports });
  await serveIn(sandbox, echoUdp(9));
  const clients = ["127.0.0.1", "::1"].flatMap((host) => Array.from({ length: 10 }, () => host));
  const questions = clients.map((_, client) => Array.from({ length: 20 }, (_, index) => `${client}: ${index}`));
  const answers = await Promise.all(
    clients.map((host, client) => converse(host, portOf(ports), questions[client] ?? [])),
  );
  expect(answers).toEqual(questions);
});

test("a datagram of the largest size comes through and back", async () => {
  const stack = await openStack();
  const network = await addNetwork(stack, 1);
  const ports = await stack.reservePorts([tcp(9, { protocol: "udp" })]);
  const sandbox = await stack.openSandbox({ containerId: "one", endpoints: [on(network, "one")], ports });
  await serveIn(sandbox, echoUdp(9));
  const large = "x".repeat(65_507);
  expect(await converse("127.0.0.1", portOf(ports), [large])).toEqual([large]);
});

/** Asks one question after the other from one socket, as a resolver does. */
async function converse(host: string, port: number, questions: readonly string[]): Promise<readonly string[]> {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  onTestFinished(() => void socket.close());
  const answers: string[] = [];
  for (const question of questions) {
    socket.send(question, port, host);
    const [data] = await once(socket, "message");
    answers.push(String(data));
  }
  return answers;
}

test("other containers reach a published port at the gateway", async () => {
  const stack = await openStack();
  const network = await addNetwork(stack, 1);
  const ports = await stack.reservePorts([tcp(7)]);
  const server = await stack.openSandbox({ containerId: "one", endpoints: [on(network, "one")], ports });
  const client = await stack.openSandbox({ containerId: "two", endpoints: [on(network, "two")] });
  await serveIn(server, echoTcp(7));
  expect(await evaluateIn(client, askTcpBody("10.213.1.1", portOf(ports), "hello"))).toBe("hello");
  expect(await evaluateIn(server, askTcpBody("10.213.1.1", portOf(ports), "self"))).toBe("self");
});

test("a taken port is named, and nothing stays reserved", async () => {
  const stack = await openStack();
  const other = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void other.close());
  await once(other, "listening");
  const { port } = other.address() as { port: number };
  const taken = { first: port, last: port };
  const free = await freePort();
  const requests = [tcp(1, { hostPort: { first: free, last: free } }), tcp(2, { hostPort: taken })];
  await expect(stack.reservePorts(requests)).rejects.toMatchObject({
    code: "port-in-use",
    evidence: { hostIp: "127.0.0.1", hostPort: port },
  });
  expect(await ask("127.0.0.1", free, "")).toBe("ECONNREFUSED");
  const range = await stack.reservePorts([tcp(1, { hostPort: { first: port, last: port + 50 } })]);
  expect(portOf(range)).toBeGreaterThan(port);
});

test("an address that is not this machine's is refused", async () => {
  const stack = await openStack();
  const request = stack.reservePorts([tcp(1, { hostIp: "203.0.113.1" })]);
  await expect(request).rejects.toMatchObject({ code: "invalid-argument" });
});

test("closing the sandbox closes its ports", async () => {
  const stack = await openStack();
  const network = await addNetwork(stack, 1);
  const ports = await stack.reservePorts([tcp(7, { hostIp: "0.0.0.0" })]);
  const sandbox = await stack.openSandbox({ containerId: "one", endpoints: [on(network, "one")], ports });
  await serveIn(sandbox, echoTcp(7));
  expect(await ask("127.0.0.1", portOf(ports), "here")).toBe("here");
  await sandbox.close();
  expect(await ask("127.0.0.1", portOf(ports), "gone")).toBe("ECONNREFUSED");
});

test("a port follows its container to another network", async () => {
  const stack = await openStack();
  const [first, second] = [await addNetwork(stack, 1), await addNetwork(stack, 2)];
  const ports = await stack.reservePorts([tcp(7)]);
  const sandbox = await stack.openSandbox({ containerId: "one", endpoints: [on(first, "one")], ports });
  await serveIn(sandbox, echoTcp(7));
  await sandbox.connect(on(second, "one"));
  await sandbox.disconnect(first.id);
  expect(await ask("127.0.0.1", portOf(ports), "moved")).toBe("moved");
  await sandbox.disconnect(second.id);
  expect(await ask("127.0.0.1", portOf(ports), "nowhere")).toBe("ECONNRESET");
});
