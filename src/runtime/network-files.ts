import { createReadStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { RuncibleError } from "../internal/errors";
import type { Mount } from "./mount";

export interface NetworkFilesRequest {
  readonly folder: string;
  readonly hostname: string;
  readonly domainname: string;
  /** Of the container; one line each. Empty: only loopback. */
  readonly addresses: readonly string[];
  /** In the order given, before the container's own lines. */
  readonly extraHosts: readonly { readonly host: string; readonly address: string }[];
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly resolverOptions: readonly string[];
  /** What the container itself was given, none of it by default. With the host's network it takes the host's place. */
  readonly ownResolver?: OwnResolver;
}

export interface OwnResolver {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

const nothing: OwnResolver = { servers: [], search: [], options: [] };

/** The container can make its file as large as it likes. */
const maxHostsBytes = 1024 * 1024;

export const networkFileNames = { hosts: "hosts", resolvConf: "resolv.conf", hostname: "hostname" } as const;

/** Writes /etc/hosts, /etc/resolv.conf and /etc/hostname of a container and returns the mounts that put them there. */
export async function writeNetworkFiles(request: NetworkFilesRequest): Promise<readonly Mount[]> {
  const { folder } = request;
  const files = [
    { name: networkFileNames.hosts, target: "/etc/hosts", text: hostsFile(request) },
    { name: networkFileNames.resolvConf, target: "/etc/resolv.conf", text: resolvConf(request) },
    { name: networkFileNames.hostname, target: "/etc/hostname", text: `${request.hostname}\n` },
  ];
  await Promise.all(files.map(({ name, text }) => writeFile(join(folder, name), text, { mode: 0o644 })));
  return networkFileMounts(folder);
}

/** With the host's network a container resolves names as the host does, but for what was asked for. */
export async function writeHostNetworkFiles(
  folder: string,
  names: Pick<NetworkFilesRequest, "hostname" | "extraHosts" | "ownResolver">,
): Promise<readonly Mount[]> {
  const extra = names.extraHosts.map(({ host, address }) => `${address}\t${host}\n`).join("");
  const [hosts, resolv] = await Promise.all(
    ["/etc/hosts", "/etc/resolv.conf"].map((path) => readFile(path, "utf8").catch(() => "")),
  );
  const files = [
    { name: networkFileNames.hosts, text: `${hosts}${extra}` },
    { name: networkFileNames.resolvConf, text: changedResolvConf(resolv ?? "", names.ownResolver ?? nothing) },
    { name: networkFileNames.hostname, text: `${names.hostname}\n` },
  ];
  await Promise.all(files.map(({ name, text }) => writeFile(join(folder, name), text, { mode: 0o644 })));
  return networkFileMounts(folder);
}

/**
 * Puts a running container's addresses into its /etc/hosts and takes others out. The file stays the one that is
 * mounted, and what the container wrote there stays too. Throws `container-state` if the container made it too large to
 * be read.
 */
export async function changeHostsAddresses(
  { folder, ...names }: Pick<NetworkFilesRequest, "folder" | "hostname" | "domainname">,
  change: { readonly added: readonly string[]; readonly removed: readonly string[] },
): Promise<void> {
  const path = join(folder, networkFileNames.hosts);
  const removed = change.removed.map((address) => ownLine(address, names));
  const kept = (await readHosts(path)).split("\n").filter((line) => line !== "" && !removed.includes(line));
  const added = change.added.map((address) => ownLine(address, names));
  await writeFile(path, [...kept, ...added].map((line) => `${line}\n`).join(""));
}

async function readHosts(path: string): Promise<string> {
  const bytes = await buffer(createReadStream(path, { end: maxHostsBytes }));
  if (bytes.length <= maxHostsBytes) return bytes.toString();
  throw new RuncibleError(
    "container-state",
    "change the addresses in /etc/hosts: the container made the file larger than 1 MiB; make it smaller, or start the container again",
  );
}

/** Also for a container that shares the network of another: `folder` is the other's. */
export function networkFileMounts(folder: string): readonly Mount[] {
  const mount = (name: string, target: string): Mount => ({
    type: "bind",
    source: join(folder, name),
    target,
    options: ["rbind", "rprivate", "rw"],
  });
  return [
    mount(networkFileNames.hosts, "/etc/hosts"),
    mount(networkFileNames.resolvConf, "/etc/resolv.conf"),
    mount(networkFileNames.hostname, "/etc/hostname"),
  ];
}

/** The container's own line comes last: software that asks "who am I" reads the last match (Docker's order). */
export function hostsFile(request: NetworkFilesRequest): string {
  const lines = [
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::0\tip6-localnet",
    "ff00::0\tip6-mcastprefix",
    "ff02::1\tip6-allnodes",
    "ff02::2\tip6-allrouters",
    ...request.extraHosts.map(({ host, address }) => `${address}\t${host}`),
    ...request.addresses.map((address) => ownLine(address, request)),
  ];
  return `${lines.join("\n")}\n`;
}

function ownLine(
  address: string,
  { hostname, domainname }: Pick<NetworkFilesRequest, "hostname" | "domainname">,
): string {
  return `${address}\t${domainname === "" ? "" : `${hostname}.${domainname} `}${hostname}`;
}

/** The host's, with the lines replaced that the container has of its own. */
export function changedResolvConf(text: string, { servers, search, options }: OwnResolver): string {
  const own = [
    { key: /^\s*nameserver\s/, lines: servers.map((server) => `nameserver ${server}`) },
    { key: /^\s*(search|domain)\s/, lines: search.length === 0 ? [] : [`search ${search.join(" ")}`] },
    { key: /^\s*options\s/, lines: options.length === 0 ? [] : [`options ${options.join(" ")}`] },
  ].filter(({ lines }) => lines.length > 0);
  if (own.length === 0) return text;
  const kept = text.split("\n").filter((line) => line !== "" && !own.some(({ key }) => key.test(line)));
  return [...kept, ...own.flatMap(({ lines }) => lines)].map((line) => `${line}\n`).join("");
}

export function resolvConf(request: NetworkFilesRequest): string {
  const lines = [
    ...(request.search.length > 0 ? [`search ${request.search.join(" ")}`] : []),
    ...request.nameservers.map((address) => `nameserver ${address}`),
    ...(request.resolverOptions.length > 0 ? [`options ${request.resolverOptions.join(" ")}`] : []),
  ];
  return lines.map((line) => `${line}\n`).join("");
}
