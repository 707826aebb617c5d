import { RuncibleError } from "../../internal/errors";
import type { JsonObject, JsonValue } from "../../wire/json";
import { parsePortKey } from "../../wire/ports";
import type {
  ImageRegistries,
  PortHeld,
  PortsAnswering,
  ReuseLeased,
  ReusePruned,
  RuncibleInfo,
  SessionOpened,
} from "../../wire/session";
import { apiVersion, formatVersion } from "../../wire/versions";
import { defined, isArray, listField, numberField, objectField, textField, textMapField } from "../http/json-fields";
import { empty, json, type Reply } from "../http/reply";
import { type EngineRequest, param, type Route } from "../http/request";
import type { ContainerService } from "./container-service";
import type { HeldPortService, HostPortService } from "./host-port-service";
import type { ImageRunConfigView, ImageService } from "./image-service";
import type { ReuseService } from "./reuse-service";
import type { LabelMatch, SessionService } from "./session-service";
import type { SystemService } from "./system-service";

export interface RuncibleRouteServices {
  readonly system: SystemService;
  readonly sessions: SessionService;
  readonly containers: Pick<ContainerService, "keep" | "waitForListening">;
  readonly images: Pick<ImageService, "buildHost" | "registriesOf">;
  readonly hostPorts: HostPortService;
  readonly heldPorts: HeldPortService;
  readonly reuse: ReuseService;
}

/** What Docker's API has no word for. */
export function runcibleRoutes(services: RuncibleRouteServices): readonly Route[] {
  return [
    { method: "GET", pattern: "/runcible/info", handler: () => info(services) },
    { method: "POST", pattern: "/runcible/session", handler: (request) => session(services, request) },
    {
      method: "POST",
      pattern: "/runcible/containers/:id/wait-ports",
      handler: (request) => waitPorts(services, request),
    },
    { method: "POST", pattern: "/runcible/containers/:id/keep", handler: (request) => keep(services, request) },
    { method: "POST", pattern: "/runcible/images/host", handler: (request) => buildHost(services, request) },
    { method: "GET", pattern: "/runcible/images/registries", handler: (request) => registries(services, request) },
    { method: "POST", pattern: "/runcible/reuse", handler: (request) => lease(services, request) },
    { method: "POST", pattern: "/runcible/reuse/ready", handler: (request) => markReady(services, request) },
    { method: "POST", pattern: "/runcible/reuse/prune", handler: () => pruneReusable(services) },
    { method: "POST", pattern: "/runcible/host-ports", handler: (request) => exposeHostPorts(services, request) },
    { method: "POST", pattern: "/runcible/held-ports", handler: (request) => holdPort(services, request) },
    { method: "POST", pattern: "/runcible/held-ports/release", handler: (request) => releasePort(services, request) },
    { method: "POST", pattern: "/runcible/stay", handler: () => stay(services) },
    { method: "POST", pattern: "/runcible/shutdown", handler: () => shutdown(services) },
  ];
}

function info({ system }: RuncibleRouteServices): Reply {
  const { identity } = system;
  const body: RuncibleInfo = {
    Version: identity.version,
    Pid: identity.pid,
    InstanceId: identity.instanceId,
    StartedAt: identity.startedAt,
    ApiVersion: formatVersion(apiVersion),
    Capabilities: identity.capabilities,
    ...defined({ NetworkId: identity.networkId }),
    ...(system.isStaying() ? { IsStaying: true } : {}),
  };
  return json(body);
}

async function session({ sessions }: RuncibleRouteServices, request: EngineRequest): Promise<Reply> {
  const body = await request.json();
  const id = textField(body, "Id");
  const opened = await sessions.open({ claims: claimsOf(body), ...defined({ id }) });
  // Bound to the connection, not to the reply: the client may leave before the first line is written.
  const ended = new Promise<void>((resolve) => {
    const end = (): void => resolve(sessions.end(opened.id));
    if (request.signal.aborted) end();
    else request.signal.addEventListener("abort", end, { once: true });
  });
  return { kind: "lines", items: sessionLines({ Id: opened.id }, ended) };
}

function claimsOf(body: JsonObject): readonly LabelMatch[] {
  return Object.entries(textMapField(body, "Claims")).map(([key, value]) => ({ key, value }));
}

async function* sessionLines(opened: SessionOpened, ended: Promise<void>): AsyncGenerator<SessionOpened> {
  yield opened;
  await ended;
}

async function waitPorts({ containers }: RuncibleRouteServices, request: EngineRequest): Promise<Reply> {
  const body = await request.json();
  const timeoutMs = numberField(body, "TimeoutMs");
  if (timeoutMs === undefined || timeoutMs < 0) {
    throw new RuncibleError("invalid-argument", "wait for ports: the body needs TimeoutMs, in milliseconds");
  }
  const ports = listField(body, "Ports").flatMap(parsePortKey);
  const answering = await containers.waitForListening(param(request, "id"), {
    ports,
    timeoutMs,
    signal: request.signal,
  });
  const reply: PortsAnswering = {
    Answering: answering.map(({ hostIp, hostPort }) => ({ HostIp: hostIp, HostPort: hostPort })),
  };
  return json(reply);
}

async function keep({ containers }: RuncibleRouteServices, request: EngineRequest): Promise<Reply> {
  await containers.keep(param(request, "id"));
  return json({});
}

async function buildHost({ images }: RuncibleRouteServices, request: EngineRequest): Promise<Reply> {
  const body = await request.json();
  const name = textField(body, "Name");
  if (name === undefined) throw new RuncibleError("invalid-argument", "build host image: the body has no Name");
  const { id } = await images.buildHost({
    name,
    executables: listField(body, "Executables"),
    paths: listField(body, "Paths"),
    // Docker's own keys; the image is this user's, made on this user's machine.
    config: objectField(body, "Config") as ImageRunConfigView,
    signal: request.signal,
  });
  return json({ Id: id }, 201);
}

async function registries({ images }: RuncibleRouteServices, { query }: EngineRequest): Promise<Reply> {
  const body: ImageRegistries = { Registries: await images.registriesOf(query.get("name") ?? "") };
  return json(body);
}

async function exposeHostPorts({ hostPorts }: RuncibleRouteServices, request: EngineRequest): Promise<Reply> {
  const body = await request.json();
  const session = textField(body, "Session");
  if (session === undefined) throw new RuncibleError("invalid-argument", "expose host ports: the body has no Session");
  await hostPorts.expose(session, portListField(body, "Ports"));
  return json({});
}

async function holdPort({ heldPorts }: RuncibleRouteServices, request: EngineRequest): Promise<Reply> {
  const body: PortHeld = { Port: await heldPorts.hold(requiredField(await request.json(), "Session")) };
  return json(body, 201);
}

async function releasePort({ heldPorts }: RuncibleRouteServices, request: EngineRequest): Promise<Reply> {
  const body = await request.json();
  heldPorts.release(requiredField(body, "Session"), numberField(body, "Port") ?? 0);
  return json({});
}

async function lease({ reuse }: RuncibleRouteServices, request: EngineRequest): Promise<Reply> {
  const key = requiredField(await request.json(), "Key");
  return { kind: "lines", items: leaseLines(reuse, key, request.signal) };
}

/** Bound to the connection, as a session is. */
async function* leaseLines(reuse: ReuseService, key: string, signal: AbortSignal): AsyncGenerator<ReuseLeased> {
  const { containerId, makerId, release } = await reuse.lease(key, signal);
  const ended = new Promise<void>((resolve) => {
    const end = (): void => resolve(release());
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
  yield {
    ...(containerId === undefined ? {} : { Id: containerId }),
    ...(makerId === undefined ? {} : { Lease: makerId }),
  };
  await ended;
}

async function markReady({ reuse }: RuncibleRouteServices, request: EngineRequest): Promise<Reply> {
  const body = await request.json();
  await reuse.markReady(requiredField(body, "Key"), requiredField(body, "Id"));
  return json({});
}

async function pruneReusable({ reuse }: RuncibleRouteServices): Promise<Reply> {
  const body: ReusePruned = { Removed: await reuse.prune() };
  return json(body);
}

function requiredField(body: JsonObject, name: string): string {
  const value = textField(body, name);
  if (value !== undefined) return value;
  throw new RuncibleError("invalid-argument", `read request: the body has no ${name}`);
}

function portListField(body: JsonObject, key: string): readonly number[] {
  const value = body[key];
  const isPort = (item: JsonValue): item is number =>
    typeof item === "number" && Number.isInteger(item) && item >= 1 && item <= 65_535;
  if (value !== null && value !== undefined && isArray(value) && value.every(isPort)) return value;
  throw new RuncibleError("invalid-argument", `expose host ports: ${key} must be a list of port numbers, 1 to 65535`);
}

function stay({ system }: RuncibleRouteServices): Reply {
  system.stay();
  return empty(204);
}

function shutdown({ system }: RuncibleRouteServices): Reply {
  system.shutdown();
  return empty(204);
}
