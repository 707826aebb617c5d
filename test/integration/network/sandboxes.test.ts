import { once } from "node:events";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { listeningPorts } from "../../../src/runtime/network/ports/listening";
import { askTcpBody, echoTcp, evaluateIn, lookUpIn, patienceMs, runIn, serveIn, silenceMs } from "./in-sandbox";
import { addNetwork, on, openStack } from "./open-stack";

const pings = async (...args: Parameters<typeof runIn>): Promise<boolean> => (await runIn(...args)).exitCode === 0;
/** `seconds` to wait for the answer; a busy machine takes its time. */
const ping = (name: string, seconds = 30): readonly string[] => [
  "busybox",
  "ping",
  "-c",
  "1",
  "-W",
  `${seconds}`,
  name,
];

test("two sandboxes reach each other by name", async () => {
  const stack = await openStack();
  const network = await addNetwork(stack, 1);
  const one = await stack.openSandbox({ containerId: "one", endpoints: [on(network, "one")] });
  const two = await stack.openSandbox({ containerId: "two", endpoints: [on(network, "two")] });
  expect(one.endpoints).toEqual([
    expect.objectContaining({ ipv4Address: "10.213.1.2", macAddress: "02:42:0a:d5:01:02", interfaceName: "eth0" }),
  ]);
  expect(await pings(one, ping("two"))).toBe(true);
  expect(await pings(two, ping("one.net1"))).toBe(true);
});

test("a sandbox without endpoints has loopback and nothing else", async () => {
  const stack = await openStack();
  const sandbox = await stack.openSandbox({ containerId: "lonely", endpoints: [] });
  const { stdout } = await runIn(sandbox, ["ip", "-brief", "link"]);
  expect(stdout).toMatch(/^lo .*UP.*\n$/);
  expect(await pings(sandbox, ping("127.0.0.1"))).toBe(true);
});

test("networks do not reach each other, by address, gateway or name", async () => {
  const stack = await openStack();
  const [first, second] = [await addNetwork(stack, 1), await addNetwork(stack, 2)];
  const one = await stack.openSandbox({ containerId: "one", endpoints: [on(first, "one")] });
  const two = await stack.openSandbox({ containerId: "two", endpoints: [on(second, "two")] });
  await serveIn(two, echoTcp(7));
  // Silence takes a while, so it is listened for everywhere at once.
  const answers = await Promise.all([
    pings(one, ping("10.213.2.2", 2)),
    pings(one, ping("10.213.2.1", 2)),
    evaluateIn(one, askTcpBody("10.213.2.2", 7, "hello", silenceMs)),
  ]);
  expect(answers).toEqual([false, false, "SILENT"]);
  expect(await lookUpIn(one, "two")).toEqual([]);
});

test("a container reaches services on the host, except from an internal network", async () => {
  const stack = await openStack();
  const port = await serveOnHost("0.0.0.0");
  const open = await addNetwork(stack, 1);
  const internal = await addNetwork(stack, 2, { isInternal: true });
  const free = await stack.openSandbox({ containerId: "free", endpoints: [on(open, "free")] });
  const caught = await stack.openSandbox({ containerId: "caught", endpoints: [on(internal, "caught")] });
  expect(await evaluateIn(free, askTcpBody(stack.hostGateway, port, ""))).toBe("host");
  expect(await evaluateIn(caught, askTcpBody(stack.hostGateway, port, ""))).toBe("ENETUNREACH");
  // Even with a default route of its own making.
  await run("nsenter", [`--net=${caught.path}`, "ip", "route", "add", "default", "via", "10.213.2.1"]);
  expect(await evaluateIn(caught, askTcpBody(stack.hostGateway, port, "", silenceMs))).toBe("SILENT");
});

test("networks come and go while the sandbox lives", async () => {
  const stack = await openStack();
  const [first, second] = [await addNetwork(stack, 1), await addNetwork(stack, 2)];
  const one = await stack.openSandbox({ containerId: "one", endpoints: [on(first, "one")] });
  await stack.openSandbox({ containerId: "two", endpoints: [on(second, "two")] });
  const state = await one.connect({ ...on(second, "one"), ipv4Address: "10.213.2.9", gatewayPriority: 1 });
  expect(state).toMatchObject({ interfaceName: "eth1", ipv4Address: "10.213.2.9" });
  expect(await pings(one, ping("two"))).toBe(true);
  expect((await runIn(one, ["ip", "route", "show", "default"])).stdout).toContain("via 10.213.2.1 dev eth1");
  await one.disconnect(second.id);
  expect(await lookUpIn(one, "two")).toEqual([]);
  expect((await runIn(one, ["ip", "route", "show", "default"])).stdout).toContain("via 10.213.1.1 dev eth0");
  await one.disconnect(first.id);
  await one.connect(on(second, "again"));
  expect(await lookUpIn(one, "two")).toEqual(["10.213.2.2"]);
});

test("an address can be asked for once at a time and is free again after close", async () => {
  const stack = await openStack();
  const network = await addNetwork(stack, 1);
  const endpoints = [{ ...on(network, "one"), ipv4Address: "10.213.1.7" }];
  const sandbox = await stack.openSandbox({ containerId: "one", endpoints });
  const second = stack.openSandbox({ containerId: "two", endpoints });
  await expect(second).rejects.toMatchObject({ code: "invalid-argument" });
  await expect(stack.removeNetwork(network.id)).rejects.toMatchObject({ code: "network-in-use" });
  await Promise.all([sandbox.close(), sandbox.close()]);
  const third = await stack.openSandbox({ containerId: "three", endpoints });
  expect(third.endpoints[0]?.ipv4Address).toBe("10.213.1.7");
  await third.close();
  await stack.removeNetwork(network.id);
  await expect(stack.openSandbox({ containerId: "x", endpoints })).rejects.toMatchObject({ code: "network-not-found" });
});

test("two stacks with the same networks do not notice each other", async () => {
  const port = await serveOnHost("0.0.0.0");
  const stacks = [await openStack(), await openStack()];
  for (const stack of stacks) {
    const network = await addNetwork(stack, 1);
    const sandbox = await stack.openSandbox({ containerId: "same", endpoints: [on(network, "same")] });
    expect(await lookUpIn(sandbox, "same")).toEqual(["10.213.1.2"]);
    expect(await evaluateIn(sandbox, askTcpBody(stack.hostGateway, port, ""))).toBe("host");
  }
});

test("the kernel's table tells which ports are listened on", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  expect(await listeningPorts(process.pid)).toContainEqual({
    ...{ port, protocol: "tcp", address: "127.0.0.1", isLoopbackOnly: true },
  });
});

test("a dial tells what a client of a published port would meet", async () => {
  const stack = await openStack();
  const network = await addNetwork(stack, 1);
  const sandbox = await stack.openSandbox({ containerId: "one", endpoints: [on(network, "one")] });
  await serveIn(sandbox, echoTcp(7));
  expect(await sandbox.dial(7, patienceMs)).toBe("connected");
  expect(await sandbox.dial(8, patienceMs)).toBe("refused");
  const drop =
    "add table ip test; add chain ip test in { type filter hook input priority 0; }; add rule ip test in drop";
  await run("nsenter", [`--net=${sandbox.path}`, "nft", drop]);
  expect(await sandbox.dial(7, 100)).toBe("silent");
  await sandbox.disconnect(network.id);
  expect(await sandbox.dial(7, patienceMs)).toBeUndefined();
});

/** Says "host" to whoever connects. */
async function serveOnHost(address: string): Promise<number> {
  const server = createServer((socket) => socket.on("error", () => {}).end("host")).listen(0, address);
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return (server.address() as { port: number }).port;
}
