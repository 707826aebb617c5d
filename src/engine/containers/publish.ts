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
