import { isIP } from "node:net";
import { RuncibleError } from "../../internal/errors";
import type { JsonObject } from "../../wire/json";
import { parseHostPort, parsePortKey } from "../../wire/ports";
import { isArray, listField, objectField, textField } from "../http/json-fields";
import type { ContainerSpec, EndpointSpec, ExtraHost, NetworkMode, PublishSpec } from "./container-spec";
import { decodeEndpoint, macField } from "./decode-endpoint";

/** `default`, which the docker CLI sends, is the bridge; so is nothing. */
export function decodeNetworkMode(hostConfig: JsonObject): NetworkMode {
  const text = textField(hostConfig, "NetworkMode") ?? "bridge";
  if (text === "none" || text === "host") return { kind: text };
  if (text.startsWith("container:")) {
    const container = text.slice("container:".length);
    if (container === "") throw invalid("Invalid network mode: invalid container format container:<name|id>");
    return { kind: "container", container };
  }
  return { kind: "network", network: networkName(text) };
}

/**
 * Networks to join, that of the mode first. Keys of EndpointsConfig are names or ids; if there are any, the mode's own
 * network is joined only when it is one of them, as Docker does.
 */
export function decodeEndpoints(
  config: JsonObject,
  hostConfig: JsonObject,
  mode: NetworkMode,
): readonly EndpointSpec[] {
  if (mode.kind !== "network") return [];
  const settings = objectField(objectField(config, "NetworkingConfig"), "EndpointsConfig");
  const names = Object.keys(settings).map(networkName);
  const wanted = names.length === 0 ? [mode.network] : names;
  const mac = macField(config, "MacAddress");
  const links = listField(hostConfig, "Links");
  const endpoints = wanted.map((network) => {
    const key = Object.keys(settings).find((name) => networkName(name) === network) ?? network;
    return { network, ...decodeEndpoint(objectField(settings, key)) };
  });
  const isMain = ({ network }: EndpointSpec): boolean => network === mode.network;
  const sorted = [...endpoints.filter(isMain), ...endpoints.filter((endpoint) => !isMain(endpoint))];
  return sorted.map((endpoint, index) => (index > 0 ? endpoint : withContainerWide(endpoint, mac, links)));
}

/** Throws `invalid-argument` with Docker's texts. Ports that are not exposed are published as well. */
export function decodePublish(hostConfig: JsonObject): readonly PublishSpec[] {
  const bindings = objectField(hostConfig, "PortBindings");
  return Object.entries(bindings).flatMap(([key, value]) => {
    const ports = parsePortKey(key);
    if (value === null || value === undefined) return [];
    if (!isArray(value)) throw invalid(`invalid port specification: "${key}"`);
    return value.flatMap((binding) => {
      const json = objectField({ binding }, "binding");
      const port = json["HostPort"] ?? "";
      if (typeof port === "object") throw invalid(`invalid port specification: "${key}"`);
      const hostPort = parseHostPort(String(port).trim());
      const hostIp = textField(json, "HostIp");
      if (hostIp !== undefined && isIP(hostIp) === 0) throw invalid(`invalid IP address: ${hostIp}`);
      const host = hostIp === undefined ? { hostPort } : { hostIp, hostPort };
      return ports.map((containerPort) => ({ containerPort, ...host }));
    });
  });
}

/** `name:address`; addresses may be IPv6, with or without brackets, or `host-gateway`. */
export function decodeExtraHosts(hostConfig: JsonObject): readonly ExtraHost[] {
  return listField(hostConfig, "ExtraHosts").map((text) => {
    const match = /^([^:=]+)[:=](.+)$/.exec(text);
    const host = match?.[1];
    const address = match?.[2]?.replace(/^\[(.*)\]$/, "$1");
    if (host === undefined || address === undefined) throw invalid(`bad format for add-host: "${text}"`);
    if (address !== "host-gateway" && isIP(address) === 0) {
      throw invalid(`invalid IP address in add-host: "${address}"`);
    }
    return { host, address };
  });
}

export function decodeDns(hostConfig: JsonObject): ContainerSpec["dns"] {
  return {
    servers: listField(hostConfig, "Dns"),
    search: listField(hostConfig, "DnsSearch"),
    options: listField(hostConfig, "DnsOptions"),
  };
}

/** What older requests say of the container as a whole belongs to its first network. */
function withContainerWide(endpoint: EndpointSpec, mac: string | undefined, links: readonly string[]): EndpointSpec {
  const macAddress = endpoint.macAddress ?? mac;
  return {
    ...endpoint,
    links: [...endpoint.links, ...links],
    ...(macAddress === undefined ? {} : { macAddress }),
  };
}

function networkName(text: string): string {
  return text === "default" ? "bridge" : text;
}

function invalid(message: string): RuncibleError {
  return new RuncibleError("invalid-argument", message);
}
