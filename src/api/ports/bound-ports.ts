import { isIPv6 } from "node:net";
import { RuncibleError } from "../../internal/errors";
import type { InspectResult } from "../container/inspect-result";
import { type PortWithOptionalBinding, portKey } from "./port";

export interface HostIp {
  address: string;
  family: number;
}

/** Which host port a container port is published on. Keys are `80/tcp`, in the order they were added. */
export class BoundPorts {
  readonly #ports = new Map<string, number>();

  /** `80`, `"80"`, `"80/udp"`. Throws `invalid-argument` for a port that is not published. */
  getBinding(port: number | string, protocol = "tcp"): number {
    const key =
      typeof port === "string" && port.includes("/") ? lowerProtocol(port) : `${port}/${protocol.toLowerCase()}`;
    const binding = this.#ports.get(key);
    if (!binding) throw new RuncibleError("invalid-argument", `No port binding found for :${key}`);
    return binding;
  }

  /** Throws `invalid-argument` when nothing is published. */
  getFirstBinding(): number {
    const [first] = this.#ports.values();
    if (first === undefined) throw new RuncibleError("invalid-argument", "No port bindings found");
    return first;
  }

  setBinding(key: number | string, hostPort: number, protocol = "tcp"): void {
    const name = typeof key === "number" ? `${key}/${protocol.toLowerCase()}` : lowerProtocol(key);
    this.#ports.set(name, hostPort);
  }

  iterator(): Iterable<[string, number]> {
    return this.#ports;
  }

  filter(ports: PortWithOptionalBinding[]): BoundPorts {
    const wanted = new Set(ports.map(portKey));
    const filtered = new BoundPorts();
    for (const [key, hostPort] of this.#ports) if (wanted.has(key)) filtered.setBinding(key, hostPort);
    return filtered;
  }

  /** For each port the binding of the first host address whose family has one. Throws `invalid-argument`. */
  static fromInspectResult(hostIps: readonly HostIp[], { ports }: Pick<InspectResult, "ports">): BoundPorts {
    const boundPorts = new BoundPorts();
    for (const [key, bindings] of Object.entries(ports)) boundPorts.setBinding(key, chooseHostPort(hostIps, bindings));
    return boundPorts;
  }
}

function chooseHostPort(hostIps: readonly HostIp[], bindings: InspectResult["ports"][string]): number {
  const [only] = bindings;
  if (bindings.length === 1 && only?.hostIp === "") return only.hostPort;
  for (const { family } of hostIps) {
    const match = bindings.find(({ hostIp }) => (isIPv6(hostIp) ? 6 : 4) === family);
    if (match !== undefined) return match.hostPort;
  }
  throw new RuncibleError("invalid-argument", "No host port found for host IP");
}

function lowerProtocol(key: string): string {
  const [port, protocol] = key.split("/");
  return protocol === undefined ? key : `${port}/${protocol.toLowerCase()}`;
}
