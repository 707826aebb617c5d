import { RuncibleError } from "../../internal/errors";

export interface PortWithBinding {
  container: number;
  /** 0: any free port. */
  host: number;
  /** Default: tcp. */
  protocol?: "tcp" | "udp" | undefined;
}

export type PortWithOptionalBinding = number | `${number}/tcp` | `${number}/udp` | PortWithBinding;

const portText = /^(\d+)(?:\/(udp|tcp))?$/i;

/** Throws `invalid-argument`. */
export function getContainerPort(port: PortWithOptionalBinding): number {
  if (typeof port === "number") return port;
  return typeof port === "string" ? Number(parseText(port)[1]) : port.container;
}

export function getProtocol(port: PortWithOptionalBinding): "tcp" | "udp" {
  if (typeof port === "number") return "tcp";
  const protocol = typeof port === "string" ? parseText(port)[2] : port.protocol;
  return protocol?.toLowerCase() === "udp" ? "udp" : "tcp";
}

/** Whether a fixed host port is asked for. */
export function hasHostBinding(port: PortWithOptionalBinding): port is PortWithBinding {
  return typeof port === "object" && port.host !== undefined;
}

/** `80/tcp` */
export function portKey(port: PortWithOptionalBinding): string {
  return `${getContainerPort(port)}/${getProtocol(port)}`;
}

function parseText(port: string): RegExpExecArray {
  const match = portText.exec(port);
  if (match === null) throw new RuncibleError("invalid-argument", `Invalid port format: ${port}`);
  return match;
}
