import type { Container } from "./container";
import type { ContainerContext } from "./context";

/** Tells that something happened to a container. */
export function publishContainerEvent(
  context: ContainerContext,
  container: Container,
  action: string,
  more: Readonly<Record<string, string>> = {},
): void {
  context.events.publish({ type: "container", action, id: container.id, attributes: container.eventAttributes(more) });
}

/** Tells that a container joined or left its networks, or the one that is named. That of the host is one, too. */
export function publishNetworkEvents(
  context: ContainerContext,
  container: Container,
  action: "connect" | "disconnect",
  networks: readonly string[] = networksOf(container),
): void {
  for (const ref of networks) {
    const network = context.networks.tryFind(ref);
    if (network === undefined) continue;
    const attributes = { container: container.id, name: network.name, type: network.spec.driver };
    context.events.publish({ type: "network", action, id: network.id, attributes });
  }
}

function networksOf({ record: { spec, endpoints } }: Container): readonly string[] {
  const { kind } = spec.networkMode;
  return kind === "host" || kind === "none" ? [kind] : endpoints.map(({ network }) => network);
}

/** Tells which volumes a container began or ceased to use. */
export function publishVolumeEvents(
  context: ContainerContext,
  container: Container,
  action: "mount" | "unmount",
): void {
  for (const { kind, name, target, isReadOnly } of container.record.mounts) {
    if (kind !== "volume" || name === undefined) continue;
    const common = { container: container.id, driver: "local" };
    const more = { destination: target, "read/write": String(!isReadOnly), propagation: "" };
    const attributes = action === "mount" ? { ...common, ...more } : common;
    context.events.publish({ type: "volume", action, id: name, attributes });
  }
}
