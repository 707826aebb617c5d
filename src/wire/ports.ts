import { RuncibleError } from "../internal/errors";

export type Protocol = "tcp" | "udp" | "sctp";

/** A port of a container. */
export interface ContainerPort {
  readonly port: number;
  readonly protocol: Protocol;
}

/** Docker's form of a port: `80/tcp`. */
export function formatPortKey({ port, protocol }: ContainerPort): string {
  return `${port}/${protocol}`;
}

/** Reads `80`, `80/tcp` and, from EXPOSE, ranges such as `8000-8010/udp`. Throws `invalid-argument`. */
export function parsePortKey(key: string): readonly ContainerPort[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(key.trim());
  const first = Number(match?.[1]);
  const last = match?.[2] === undefined ? first : Number(match[2]);
  if (match === null || first < 1 || last > 65_535 || last < first) {
    throw new RuncibleError("invalid-argument", `invalid port specification: "${key}"`);
  }
  const protocol = (match[3]?.toLowerCase() ?? "tcp") as Protocol;
  return Array.from({ length: last - first + 1 }, (_, index) => ({ port: first + index, protocol }));
}

/** A host port to publish on: one number, a range to choose from, or (`first` 0) any free one. */
export interface HostPortRange {
  readonly first: number;
  readonly last: number;
}

/** Reads the HostPort of a binding: empty, `0`, `8080` or `8000-8010`. Throws `invalid-argument`. */
export function parseHostPort(text: string): HostPortRange {
  if (text === "") return { first: 0, last: 0 };
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = match?.[2] === undefined ? first : Number(match[2]);
  if (match === null || last > 65_535 || last < first) {
    throw new RuncibleError("invalid-argument", `invalid port specification: "${text}"`);
  }
  return { first, last };
}

/**
 * Label of a container with its alias ports, `15432:5432/tcp,15433:5433/tcp`: at each start those host ports that are
 * free lead to it as well.
 */
export const aliasPortsLabel = "dev.runcible.alias-ports";

export interface AliasPort {
  readonly hostPort: number;
  readonly containerPort: ContainerPort;
}

/** Reads the label's text. Throws `invalid-argument`. */
export function parseAliasPorts(text: string): readonly AliasPort[] {
  return text.split(",").map((entry) => {
    const [host = "", container = ""] = entry.split(":");
    const { first, last } = parseHostPort(host.trim());
    const [containerPort, ...others] = parsePortKey(container);
    if (containerPort === undefined || others.length > 0 || first === 0 || first !== last) {
      throw new RuncibleError("invalid-argument", `invalid alias port: "${entry}"; write 15432:5432/tcp`);
    }
    return { hostPort: first, containerPort };
  });
}

export function formatAliasPorts(aliases: readonly AliasPort[]): string {
  return aliases.map(({ hostPort, containerPort }) => `${hostPort}:${formatPortKey(containerPort)}`).join(",");
}
