import type { Container } from "dockerode";
import type { EngineClient } from "../../client/client";
import { dockerodeOf } from "./dockerode";
import { withDockerodeErrors } from "./dockerode-errors";
import { dockerodeHandle, type OwnMethod } from "./dockerode-handle";

/** One container by its id, as dockerode has it (contract, section 1.4). */
export type ContainerHandle = Container;

/** dockerode's methods that nothing here needs. */
const others = [
  ...["modem", "rename", "update", "top", "changes", "listCheckpoint", "deleteCheckpoint", "createCheckpoint"],
  ...[
    "export",
    "exec",
    "commit",
    "resize",
    "attach",
    "copy",
    "getArchive",
    "infoArchive",
    "putArchive",
    "logs",
    "stats",
  ],
];

/**
 * Looks nothing up. What the rest of this package calls goes through its own client; dockerode is loaded for the
 * others.
 */
export function containerHandle(engine: EngineClient, id: string): ContainerHandle {
  const { containers } = withDockerodeErrors(engine);
  const own: Record<string, OwnMethod> = {
    inspect: { options: [], call: () => containers.inspect(id) },
    start: { options: [], call: () => containers.start(id) },
    stop: { options: ["t"], call: ({ t }) => containers.stop(id, secondsOf(t)) },
    restart: { options: ["t"], call: ({ t }) => containers.restart(id, secondsOf(t)) },
    kill: { options: ["signal"], call: ({ signal }) => containers.kill(id, signal as string | undefined) },
    pause: { options: [], call: () => containers.pause(id) },
    unpause: { options: [], call: () => containers.unpause(id) },
    remove: {
      options: ["force", "v"],
      call: ({ force, v }) => containers.remove(id, { force: Boolean(force), volumes: Boolean(v) }),
    },
    wait: { options: [], call: async () => ({ StatusCode: (await containers.wait(id)).StatusCode }) },
  };
  return dockerodeHandle<Container>(id, own, others, () => dockerodeOf(engine.endpoint).getContainer(id));
}

function secondsOf(t: unknown): { readonly timeoutSeconds?: number } {
  return t === undefined ? {} : { timeoutSeconds: Number(t) };
}
