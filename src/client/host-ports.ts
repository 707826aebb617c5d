import type { HostPortsBody } from "../wire/session";
import type { Transport } from "./transport";

export interface HostPortsClient {
  /** Containers reach these TCP ports of the engine's machine as `host.testcontainers.internal`, until the session ends. */
  expose(body: HostPortsBody): Promise<void>;
}

export function createHostPortsClient(transport: Transport): HostPortsClient {
  return { expose: (body) => transport.send("POST", "/runcible/host-ports", { body }) };
}
