import { RuncibleError } from "../../internal/errors";
import { decodeFilters } from "../../wire/filters";
import type { JsonObject } from "../../wire/json";
import type { NetworkInspect, NetworkMember } from "../../wire/network";
import { booleanField, defined, objectField, objectListField, textField, textMapField } from "../http/json-fields";
import { empty, json, type Reply } from "../http/reply";
import { type EngineRequest, param, type Route } from "../http/request";
import { decodeEndpoint } from "./decode-endpoint";
import type { NetworkService, NetworkSpec, NetworkView, SubnetSpec } from "./network-service";

export function networkRoutes(networks: NetworkService): readonly Route[] {
  return [
    { method: "GET", pattern: "/networks", handler: (request) => list(networks, request) },
    { method: "POST", pattern: "/networks/create", handler: (request) => create(networks, request) },
    { method: "POST", pattern: "/networks/prune", handler: (request) => prune(networks, request) },
    { method: "GET", pattern: "/networks/:id", handler: (request) => inspect(networks, request) },
    { method: "DELETE", pattern: "/networks/:id", handler: (request) => remove(networks, request) },
    { method: "POST", pattern: "/networks/:id/connect", handler: (request) => connect(networks, request) },
    { method: "POST", pattern: "/networks/:id/disconnect", handler: (request) => disconnect(networks, request) },
  ];
}

/** A list does not say who is in the networks; inspect does. */
async function list(networks: NetworkService, { query }: EngineRequest): Promise<Reply> {
  const views = await networks.list(decodeFilters(query.get("filters")));
  return json(views.map((view) => encodeNetwork({ ...view, endpoints: [] })));
}

async function create(networks: NetworkService, request: EngineRequest): Promise<Reply> {
  const body = await request.json();
  const { id } = await networks.create(decodeNetwork(body));
  return json({ Id: id, Warning: asksForIpv6(body) ? ipv4Only : "" }, 201);
}

const ipv4Only = "Networks of this engine have IPv4 only: EnableIPv6 and subnets of IPv6 are discarded.";

function asksForIpv6(body: JsonObject): boolean {
  const subnets = objectListField(objectField(body, "IPAM"), "Config").flatMap(decodeSubnet);
  return booleanField(body, "EnableIPv6") || subnets.some(isIpv6);
}

function isIpv6({ subnet }: SubnetSpec): boolean {
  return subnet.includes(":");
}

async function inspect(networks: NetworkService, request: EngineRequest): Promise<Reply> {
  return json(encodeNetwork(await networks.inspect(param(request, "id"))));
}

async function remove(networks: NetworkService, request: EngineRequest): Promise<Reply> {
  await networks.remove(param(request, "id"));
  return empty(204);
}

async function connect(networks: NetworkService, request: EngineRequest): Promise<Reply> {
  const body = await request.json();
  const endpoint = decodeEndpoint(objectField(body, "EndpointConfig"));
  await networks.connect(param(request, "id"), containerOf(body), endpoint);
  return empty(200);
}

async function disconnect(networks: NetworkService, request: EngineRequest): Promise<Reply> {
  const body = await request.json();
  await networks.disconnect(param(request, "id"), containerOf(body), { force: booleanField(body, "Force") });
  return empty(200);
}

async function prune(networks: NetworkService, { query }: EngineRequest): Promise<Reply> {
  return json({ NetworksDeleted: await networks.prune(decodeFilters(query.get("filters"))) });
}

function containerOf(body: JsonObject): string {
  const container = textField(body, "Container");
  if (container === undefined)
    throw new RuncibleError("invalid-argument", "connect network: the body has no Container");
  return container;
}

function decodeNetwork(body: JsonObject): NetworkSpec {
  const name = textField(body, "Name");
  if (name === undefined) throw new RuncibleError("invalid-argument", "network name cannot be empty");
  const ipam = objectListField(objectField(body, "IPAM"), "Config");
  return {
    name,
    driver: textField(body, "Driver") ?? "bridge",
    isInternal: booleanField(body, "Internal"),
    isAttachable: booleanField(body, "Attachable"),
    subnets: ipam.flatMap(decodeSubnet).filter((subnet) => !isIpv6(subnet)),
    options: textMapField(body, "Options"),
    labels: textMapField(body, "Labels"),
  };
}

function decodeSubnet(json: JsonObject): readonly SubnetSpec[] {
  const subnet = textField(json, "Subnet");
  if (subnet === undefined) return [];
  return [{ subnet, ...defined({ gateway: textField(json, "Gateway"), ipRange: textField(json, "IPRange") }) }];
}

function encodeNetwork(view: NetworkView): NetworkInspect {
  const config = view.subnets.map(({ subnet, gateway, ipRange }) => ({
    Subnet: subnet,
    ...defined({ Gateway: gateway, IPRange: ipRange }),
  }));
  return {
    Name: view.name,
    Id: view.id,
    Created: view.createdAt,
    Scope: "local",
    Driver: view.driver,
    EnableIPv6: false,
    IPAM: { Driver: "default", Options: {}, Config: config },
    Internal: view.isInternal,
    Attachable: view.isAttachable,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: Object.fromEntries(view.endpoints.map((endpoint) => [endpoint.containerId, encodeMember(endpoint)])),
    Options: view.options,
    Labels: view.labels,
  };
}

function encodeMember(endpoint: NetworkView["endpoints"][number]): NetworkMember {
  return {
    Name: endpoint.containerName,
    EndpointID: endpoint.endpointId,
    MacAddress: endpoint.macAddress,
    IPv4Address: endpoint.ipv4Address,
    IPv6Address: "",
  };
}
