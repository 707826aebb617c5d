import type { EngineClient } from "../../client/client";
import { composeVerbs } from "./compose-verbs";

export interface DownOptions {
  /** Milliseconds before a container is killed. */
  timeout: number;
  removeVolumes: boolean;
}

/** A compose project that was brought up, and how it is ended. */
export interface RunningProject {
  /** Ends the containers and keeps them. */
  stop(): Promise<void>;
  /** Removes containers, networks and, if so told, volumes. */
  down(options: DownOptions): Promise<void>;
}

export function runningProject(client: EngineClient, name: string): RunningProject {
  return {
    stop: () => composeVerbs().stopServices({ client }, name),
    down: ({ timeout, removeVolumes }) => {
      const seconds = Math.trunc(timeout / 1000);
      // Nobody sees what a container still writes into volumes that go with it; where they stay it gets its time.
      const isOwnTime = seconds === 0 && !removeVolumes;
      return composeVerbs().downProject({ client }, name, undefined, {
        volumes: removeVolumes,
        ...(isOwnTime ? {} : { stopTimeoutSeconds: seconds }),
      });
    },
  };
}
