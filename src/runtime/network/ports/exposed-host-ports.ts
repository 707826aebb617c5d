import type { LookupFunction } from "node:net";
import type { AgentClient } from "../agent-client";
import type { HostPortExposure } from "../stack";
import { relayTcp } from "./relay-tcp";

/**
 * Published ports the other way round: the agent listens in the switch, and hands the listening socket to this process,
 * whose own connections begin in the machine's namespace. So a service is reached that listens on the loopback only.
 */
export async function exposeHostPort(
  agent: AgentClient,
  at: { readonly address: string; readonly port: number },
): Promise<HostPortExposure> {
  const server = await agent.listen(at);
  const target = { host: "localhost", port: at.port, lookup: loopbacks, autoSelectFamily: true };
  server.on("connection", (client) => relayTcp(client, target));
  // Running out of descriptors loses a connection, not the engine.
  server.on("error", () => {});
  return { close: () => void server.close() };
}

/** What listens may know only one kind, and not every machine calls both localhost. */
const loopbacks: LookupFunction = (_name, _options, found) =>
  found(null, [
    { address: "127.0.0.1", family: 4 },
    { address: "::1", family: 6 },
  ]);
