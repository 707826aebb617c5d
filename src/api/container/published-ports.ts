import { setTimeout as delay } from "node:timers/promises";
import type { EngineClient } from "../../client/client";
import { RuncibleError } from "../../internal/errors";
import type { ContainerInspect } from "../../wire/container";
import { type PortWithOptionalBinding, portKey } from "../ports/port";
import { containerExited } from "../wait/until";

const limitMs = 10_000;

/**
 * The container as inspected once every port that is to be published has a host port: at once with most daemons. On the
 * host's network nothing is published. Throws `container-exited`, `timeout`.
 */
export async function inspectPublished(engine: EngineClient, containerId: string): Promise<ContainerInspect> {
  const deadline = performance.now() + limitMs;
  for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 2, 250)) {
    const inspect = await engine.containers.inspect(containerId);
    const { State, HostConfig, NetworkSettings } = inspect;
    if (HostConfig["NetworkMode"] === "host") return inspect;
    const wanted = Object.keys((HostConfig["PortBindings"] as object | null) ?? {});
    if (wanted.every((key) => (NetworkSettings.Ports?.[key]?.length ?? 0) > 0)) return inspect;
    if (State.Status === "exited" || State.Status === "dead") throw containerExited(State.OOMKilled, State.ExitCode);
    if (performance.now() > deadline) {
      throw new RuncibleError(
        "timeout",
        `Timed out after ${limitMs}ms while waiting for container ports to be bound to the host`,
      );
    }
    await delay(pauseMs);
  }
}

/**
 * Of a container without a network no port can ever be published; nobody is to wait for it. Throws `invalid-argument`.
 */
export function refuseExposedPorts(ports: readonly PortWithOptionalBinding[], image: string): void {
  if (ports.length === 0) return;
  throw new RuncibleError(
    "invalid-argument",
    `expose ${ports.map(portKey).join(", ")} of ${image}: with network mode "none" the container has no network; leave out the ports or the mode`,
  );
}
