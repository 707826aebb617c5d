/** A published port in the long form of the specification. */
export interface LongPort {
  readonly target: number;
  /** One port, or a range to choose from; absent: any free one. */
  readonly published?: string;
  readonly host_ip?: string;
  readonly protocol: string;
  readonly mode: string;
}

const pattern = /^(?:(?:\[([^\]]*)\]|([^:[\]]+)):)?(?:(\d*(?:-\d+)?):)?(\d+(?:-\d+)?)(?:\/([a-z]+))?$/i;

/**
 * Reads `80`, `8080:80`, `127.0.0.1:8080:80/udp`, `[::1]::80` and ranges; a range becomes one port each. The message of
 * what is wrong comes back as text.
 */
export function readShortPort(text: string): readonly LongPort[] | string {
  // `8080:80` must not be read as an address and a port.
  const match = pattern.exec(/^[\d-]*:[\d-]+(\/|$)/.test(text) ? `[]:${text}` : text);
  if (match === null) return "it must be [ADDRESS:][PUBLISHED:]TARGET[/PROTOCOL]";
  const [, address6, address4, published = "", target = "", protocol = "tcp"] = match;
  const targets = range(target);
  const sources = published === "" ? undefined : range(published);
  if (targets === undefined || targets.first === 0 || (published !== "" && sources === undefined)) {
    return "a port is a number from 1 to 65535";
  }
  if (!/^(tcp|udp|sctp)$/i.test(protocol)) return `the protocol is tcp, udp or sctp, not "${protocol}"`;
  const count = targets.last - targets.first + 1;
  if (sources !== undefined && count > 1 && sources.last - sources.first + 1 !== count) {
    return "both ranges must be of the same length";
  }
  const host = address6 || address4;
  return Array.from({ length: count }, (_, index) => ({
    target: targets.first + index,
    ...(sources === undefined ? {} : { published: count === 1 ? published : String(sources.first + index) }),
    ...(host ? { host_ip: host } : {}),
    protocol: protocol.toLowerCase(),
    mode: "ingress",
  }));
}

function range(text: string): { readonly first: number; readonly last: number } | undefined {
  const [first = Number.NaN, last = first] = text.split("-").map((part) => (part === "" ? Number.NaN : Number(part)));
  return last >= first && last <= 65_535 ? { first, last } : undefined;
}
