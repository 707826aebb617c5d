import type { Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { type Deferred, deferred } from "../../internal/deferred";
import { hasCode, messageOf, RuncibleError } from "../../internal/errors";
import type { AgentRequest, DialOutcome, FromAgent, ToAgent } from "./agent-protocol";
import { dnsPort, forwardQuery } from "./dns/forwarder";
import { startDnsServer } from "./dns/server";
import { createDnsZone } from "./dns/zone";
import { dial } from "./ports/dial";
import { createPublishedPorts } from "./ports/published-ports";

/**
 * The network agent. It lives in a network namespace of its own, the switch, and gives it its life: when this process
 * ends, the kernel takes down the bridges and every link to them. It serves names, and relays published ports.
 */
const zone = createDnsZone();
const ports = createPublishedPorts();
const forwarded = new Map<number, Deferred<Uint8Array | undefined>>();
let lastForwardId = 0;

function main(): void {
  // Run by hand it would throw the switches of the machine's own network namespace, IPv6 off among them.
  if (process.send === undefined)
    throw new RuncibleError("invalid-argument", "run network agent: the engine starts it");
  // Its life hangs on the engine's, not on signals that a terminal sends to everyone.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message: ToAgent, handle: unknown) => {
    if (message.kind === "forwarded") forwarded.get(message.id)?.resolve(message.response);
    else void serve(message.id, message.request, handle);
  });
  setKernelSwitches();
  send({ kind: "ready" });
}

/** Of this namespace alone. Bridged frames must not visit the host's iptables rules (a docker daemon turns that on). */
function setKernelSwitches(): void {
  const switches = {
    "net/ipv4/ip_forward": "1",
    "net/ipv6/conf/all/disable_ipv6": "1",
    "net/bridge/bridge-nf-call-iptables": "0",
    "net/bridge/bridge-nf-call-ip6tables": "0",
    "net/bridge/bridge-nf-call-arptables": "0",
  };
  for (const [name, value] of Object.entries(switches)) {
    try {
      writeFileSync(`/proc/sys/${name}`, value);
    } catch (error) {
      // A kernel without IPv6, or without the bridge filter, has nothing to switch.
      if (!hasCode(error, "ENOENT")) throw error;
    }
  }
}

async function serve(id: number, request: AgentRequest, handle: unknown): Promise<void> {
  try {
    const { server, outcome } = await perform(request, handle);
    // Sent, it is the engine's; this copy would go on to accept. Messages may queue, and a closed one cannot be sent.
    send({ kind: "reply", id, error: undefined, ...(outcome && { outcome }) }, server, () => server?.close());
  } catch (error) {
    send({ kind: "reply", id, error: messageOf(error) });
  }
}

interface Answer {
  readonly server?: Server;
  readonly outcome?: DialOutcome;
}

async function perform(request: AgentRequest, handle: unknown): Promise<Answer> {
  switch (request.kind) {
    case "serve-names":
      await startDnsServer({ address: request.address, zone, forward });
      break;
    case "names":
      zone.set(request.sandboxId, request.endpoints);
      break;
    case "publish":
      ports.publish(request.port, handle as Server | UdpSocket);
      break;
    case "adopt":
      // The client may have gone before its socket got here.
      if (handle !== undefined) ports.adopt(request.portId, handle as Socket);
      break;
    case "target":
      await ports.setTarget(request.portIds, request.target);
      break;
    case "unpublish":
      ports.unpublish(request.portIds);
      break;
    case "listen":
      return { server: await listen(request.address, request.port) };
    case "dial":
      return { outcome: await dial(request) };
    default:
      return request satisfies never;
  }
  return {};
}

/** Accepts nothing itself: whoever connects waits for the engine. */
async function listen(address: string, port: number): Promise<Server> {
  const server = createServer({ pauseOnConnect: true }, (client) => client.resetAndDestroy());
  server.listen(port, address);
  await once(server, "listening");
  return server;
}

/** The host's resolvers may listen on its loopback, so the engine asks them; a container's own may be containers. */
async function forward(
  query: Uint8Array,
  isTcp: boolean,
  resolvers: readonly string[],
): Promise<Uint8Array | undefined> {
  if (resolvers.length > 0) return await forwardQuery(resolvers, { query, isTcp, port: dnsPort });
  const id = ++lastForwardId;
  const response = deferred<Uint8Array | undefined>();
  forwarded.set(id, response);
  send({ kind: "forward", id, query, isTcp });
  try {
    return await response.promise;
  } finally {
    forwarded.delete(id);
  }
}

function send(message: FromAgent, handle?: Server, onSent?: () => void): void {
  if (process.connected) process.send?.(message, handle, {}, onSent);
}

main();
