import type { ContainerInspect } from "../../wire/container";
import { type AliasPort, formatPortKey } from "../../wire/ports";
import { log } from "../log";
import type { Runtime } from "../runtime/runtime";

/** Tells in the log which alias ports lead to the container, and who has the others. */
export async function reportAliasPorts(
  runtime: Runtime,
  { Id, NetworkSettings }: ContainerInspect,
  aliases: readonly AliasPort[],
): Promise<void> {
  for (const { hostPort, containerPort } of aliases) {
    const key = formatPortKey(containerPort);
    const isTaken = NetworkSettings.Ports?.[key]?.some(({ HostPort }) => HostPort === String(hostPort)) ?? false;
    const context = { containerId: Id };
    if (isTaken) log.info(`Alias port ${hostPort} leads to ${key}`, context);
    else log.warn(`Alias port ${hostPort} does not lead to ${key}: ${await reasonOf(runtime, hostPort)}`, context);
  }
}

async function reasonOf({ engine, capabilities }: Runtime, hostPort: number): Promise<string> {
  if (!capabilities.has("alias-ports")) return "the daemon has none; only Runcible's engine does";
  const all = await engine.containers.list();
  const owner = all.find(({ Ports }) => Ports.some(({ PublicPort }) => PublicPort === hostPort));
  if (owner === undefined) return "another program of this machine listens on it";
  return `container ${owner.Names[0]?.slice(1)} (${owner.Id.slice(0, 12)}, ${owner.Image}) has it`;
}
