import type { EngineClient } from "../../client/client";
import type { ContainerInspect } from "../../wire/container";
import type { ContainerCreateBody } from "../../wire/container-create";
import { inspectResultOf } from "../container/inspect-result";
import { inspectPublished } from "../container/published-ports";
import { ensureImage } from "../image/ensure-image";
import { ImageName } from "../image/image-name";
import { BoundPorts, type HostIp } from "../ports/bound-ports";

/** A container that this package needs itself, on daemons that are not ours. */
export interface ServiceContainer {
  readonly inspect: ContainerInspect;
  readonly hostPort: number;
}

export interface ServiceRequest {
  readonly name: string;
  readonly image: string;
  /** TCP, published. */
  readonly port: number;
  /** Undefined: any. */
  readonly hostPort: string | undefined;
  /** Of the daemon's machine. Default: all. */
  readonly hostIp?: string;
  readonly body: Omit<ContainerCreateBody, "Image">;
}

interface Daemon {
  readonly engine: EngineClient;
  readonly hostIps: readonly HostIp[];
}

/** The running containers with a label, newest first. */
export async function findServices(
  { engine, hostIps }: Daemon,
  labels: readonly string[],
  port: number,
): Promise<readonly ServiceContainer[]> {
  const filters = new Map([
    ["label", labels],
    ["status", ["running"]],
  ]);
  const listed = [...(await engine.containers.list({ filters }))].sort((left, right) => right.Created - left.Created);
  const found: ServiceContainer[] = [];
  for (const { Id } of listed) {
    const inspect = await engine.containers.inspect(Id).catch(() => undefined);
    // One that is just ending is gone, or still runs and has lost its port already.
    if (inspect !== undefined && isPublished(inspect, port)) found.push(serviceOf(hostIps, inspect, port));
  }
  return found;
}

/** Created and started; a start that fails leaves nothing. */
export async function startService({ engine, hostIps }: Daemon, request: ServiceRequest): Promise<ServiceContainer> {
  const { name, port, hostPort = "0", hostIp = "", body } = request;
  const image = ImageName.fromString(request.image);
  await ensureImage(engine, image, { force: false });
  const key = `${port}/tcp`;
  const published = { ExposedPorts: { [key]: {} } };
  const HostConfig = { ...body.HostConfig, PortBindings: { [key]: [{ HostIp: hostIp, HostPort: hostPort }] } };
  const { Id } = await engine.containers.create({ ...body, ...published, HostConfig, Image: image.string }, { name });
  try {
    await engine.containers.start(Id);
    return serviceOf(hostIps, await inspectPublished(engine, Id), port);
  } catch (error) {
    await engine.containers.remove(Id, { force: true, volumes: true }).catch(() => {});
    throw error;
  }
}

function isPublished({ NetworkSettings }: ContainerInspect, port: number): boolean {
  return Boolean(NetworkSettings.Ports?.[`${port}/tcp`]?.length);
}

function serviceOf(hostIps: readonly HostIp[], inspect: ContainerInspect, port: number): ServiceContainer {
  return { inspect, hostPort: BoundPorts.fromInspectResult(hostIps, inspectResultOf(inspect)).getBinding(port) };
}
