import type { HoldPortBody, HostPortsBody, PortHeld, ReleasePortBody } from "../wire/session";
import type { Transport } from "./transport";

export interface HostPortsClient {
  /**
   * Containers reach these TCP ports of the engine's machine as `host.testcontainers.internal`, until the session ends.
   */
  expose(body: HostPortsBody): Promise<void>;
  /** A free TCP port of the engine's machine, kept for a container of the session. Throws `port-in-use`. */
  hold(body: HoldPortBody): Promise<PortHeld>;
  /** Gives one up, unless a container has it by now. */
  release(body: ReleasePortBody): Promise<void>;
}

export function createHostPortsClient(transport: Transport): HostPortsClient {
  return {
    expose: (body) => transport.send("POST", "/runcible/host-ports", { body }),
    hold: (body) => transport.call<PortHeld>("POST", "/runcible/held-ports", { body }),
    release: (body) => transport.send("POST", "/runcible/held-ports/release", { body }),
  };
}
