import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { hostRoutes } from "../../../src/runtime/network/host-routes";
import type { NetworkStack } from "../../../src/runtime/network/stack";
import { chooseUplink, slirpPrefixLength } from "../../../src/runtime/network/uplink/address";
import type { UplinkDriver } from "../../../src/runtime/network/uplink/uplink";
import { waitUntil } from "../../support/wait-until";
import { askTcpBody, echoTcp, evaluateIn, hearTcpBody, serveIn, silenceMs } from "./in-sandbox";
import { addNetwork, on, openStack } from "./open-stack";

/** What every way out of the switch keeps, also none at all. */
export function uplinkContract(name: string, uplink: UplinkDriver, { leadsOut }: { readonly leadsOut: boolean }): void {
  test(`${name}: ${leadsOut ? "a container reaches the host" : "asked for the host, a container is told that there is no way"}`, async () => {
    const port = await serveOnHost("0.0.0.0");
    const stack = await openStack({ uplink });
    const sandbox = await openOne(stack);
    const answer = await evaluateIn(sandbox, hearTcpBody(stack.hostGateway, port));
    expect(answer).toBe(leadsOut ? "host" : "ENETUNREACH");
  });

  test(`${name}: what listens on the host's loopback only is out of reach`, async () => {
    const engineId = randomBytes(4).toString("hex");
    const routes = await hostRoutes();
    const port = await serveOnHost("127.0.0.1");
    const stack = await openStack({ uplink, engineId });
    const sandbox = await openOne(stack);
    // What the programs that give a way out would map to the loopback, unless they are told not to.
    const gateways = [chooseUplink(engineId, routes)?.host, chooseUplink(engineId, routes, slirpPrefixLength)?.host];
    for (const address of [stack.hostGateway, ...gateways]) {
      expect(await evaluateIn(sandbox, hearTcpBody(String(address), port, silenceMs))).not.toBe("host");
    }
  });

  test(`${name}: published ports and networks need no way out`, async () => {
    const stack = await openStack({ uplink });
    const network = await addNetwork(stack, 1);
    const ports = await stack.reservePorts([
      { containerPort: 7, protocol: "tcp", hostPort: { first: 0, last: 0 }, hostIp: "127.0.0.1" },
    ]);
    const server = await stack.openSandbox({ containerId: "server", endpoints: [on(network, "server")], ports });
    const other = await stack.openSandbox({ containerId: "other", endpoints: [on(network, "other")] });
    await serveIn(server, echoTcp(7));
    expect(await evaluateIn(other, askTcpBody("server", 7, "inside"))).toBe("inside");
    const hostPort = ports.bindings[0]?.hostPort ?? 0;
    expect(await askFromHost(hostPort, "outside")).toBe("outside");
  });

  test(`${name}: closing leaves no process behind`, async () => {
    const before = new Set((await childrenOfThis()).map(({ pid }) => pid));
    const stack = await openStack({ uplink });
    await stack.close();
    let left: readonly string[] = [];
    await waitUntil(async () => {
      left = (await childrenOfThis()).filter(({ pid }) => !before.has(pid)).map(({ name }) => name);
      return left.length === 0;
    }, 30_000);
    expect(left).toEqual([]);
  });
}

async function openOne(stack: NetworkStack): ReturnType<NetworkStack["openSandbox"]> {
  const network = await addNetwork(stack, 1);
  return await stack.openSandbox({ containerId: "one", endpoints: [on(network, "one")] });
}

/** Says "host" to whoever connects. */
async function serveOnHost(address: string): Promise<number> {
  const server = createServer((socket) => socket.on("error", () => {}).end("host")).listen(0, address);
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return (server.address() as { port: number }).port;
}

async function askFromHost(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.end(text);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** The programs that run below this process. */
async function childrenOfThis(): Promise<readonly { readonly pid: string; readonly name: string }[]> {
  const pids = (await readFile(`/proc/${process.pid}/task/${process.pid}/children`, "utf8")).trim().split(" ");
  const children = pids.map(async (pid) => ({
    pid,
    name: await readFile(`/proc/${pid}/comm`, "utf8").catch(() => ""),
  }));
  return (await Promise.all(children)).filter(({ name }) => name !== "");
}
