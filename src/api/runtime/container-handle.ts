import type { ContainerInspectInfo } from "dockerode";
import type { EngineClient } from "../../client/client";

/** One container by its id, with the methods of a dockerode container that users of this API call. */
export interface ContainerHandle {
  readonly id: string;
  inspect(): Promise<ContainerInspectInfo>;
  start(): Promise<void>;
  /** `t`: seconds of grace. */
  stop(options?: { t?: number | undefined }): Promise<void>;
  restart(options?: { t?: number | undefined }): Promise<void>;
  kill(options?: { signal?: string | undefined }): Promise<void>;
  pause(): Promise<void>;
  unpause(): Promise<void>;
  remove(options?: { force?: boolean | undefined; v?: boolean | undefined }): Promise<void>;
  wait(): Promise<{ StatusCode: number }>;
}

/** Looks nothing up. */
export function containerHandle({ containers }: EngineClient, id: string): ContainerHandle {
  return {
    id,
    // The same JSON; dockerode's type has mutable fields.
    inspect: async () => (await containers.inspect(id)) as unknown as ContainerInspectInfo,
    start: () => containers.start(id),
    stop: ({ t } = {}) => containers.stop(id, t === undefined ? {} : { timeoutSeconds: t }),
    restart: ({ t } = {}) => containers.restart(id, t === undefined ? {} : { timeoutSeconds: t }),
    kill: ({ signal } = {}) => containers.kill(id, signal),
    pause: () => containers.pause(id),
    unpause: () => containers.unpause(id),
    remove: ({ force = false, v = false } = {}) => containers.remove(id, { force, volumes: v }),
    wait: async () => ({ StatusCode: (await containers.wait(id)).StatusCode }),
  };
}
