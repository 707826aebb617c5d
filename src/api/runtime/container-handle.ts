import type { Container, ContainerInspectInfo } from "dockerode";
import type { EngineClient } from "../../client/client";
import { dockerodeOf } from "./dockerode";
import { withDockerodeErrors } from "./dockerode-errors";

/** One container by its id, as dockerode has it (contract, section 1.4). */
export type ContainerHandle = Container;

/** dockerode's methods that nothing here needs. */
const ofDockerode: ReadonlySet<PropertyKey> = new Set([
  ...[
    "modem",
    "rename",
    "update",
    "top",
    "changes",
    "listCheckpoint",
    "deleteCheckpoint",
    "createCheckpoint",
    "export",
  ],
  ...["exec", "commit", "resize", "attach", "copy", "getArchive", "infoArchive", "putArchive", "logs", "stats"],
]);

/** Looks nothing up. What the rest of this package calls goes through its own client; dockerode is loaded for the others. */
export function containerHandle(engine: EngineClient, id: string): ContainerHandle {
  const { containers } = withDockerodeErrors(engine);
  const own = {
    id,
    // The same JSON; dockerode's type has mutable fields.
    inspect: async () => (await containers.inspect(id)) as unknown as ContainerInspectInfo,
    start: () => containers.start(id),
    stop: ({ t }: { t?: number } = {}) => containers.stop(id, t === undefined ? {} : { timeoutSeconds: t }),
    restart: ({ t }: { t?: number } = {}) => containers.restart(id, t === undefined ? {} : { timeoutSeconds: t }),
    kill: ({ signal }: { signal?: string } = {}) => containers.kill(id, signal),
    pause: () => containers.pause(id),
    unpause: () => containers.unpause(id),
    remove: ({ force = false, v = false }: { force?: boolean; v?: boolean } = {}) =>
      containers.remove(id, { force, volumes: v }),
    wait: async () => ({ StatusCode: (await containers.wait(id)).StatusCode }),
  };
  return new Proxy(own as unknown as ContainerHandle, {
    get: (target, key) => {
      if (!ofDockerode.has(key)) return Reflect.get(target, key);
      const container = dockerodeOf(engine.endpoint).getContainer(id);
      const value: unknown = Reflect.get(container, key);
      return typeof value === "function" ? value.bind(container) : value;
    },
  });
}
