import type { ContainerRuntimeClient } from "../runtime/container-runtime-client";
import { getRuntime } from "../runtime/runtime";

/** What clears up behind this process, however it ends. */
export interface Reaper {
  /** Value of the label `org.testcontainers.session-id`: what carries it goes with this process. */
  readonly sessionId: string;
  /** Empty on our own engine, which does it itself, and where there is no reaper. */
  readonly containerId: string;
  /** Has what carries another session's id removed as well. */
  addSession(sessionId: string): void;
  /** Has the containers, networks and volumes of a compose project removed as well. */
  addComposeProject(projectName: string): void;
}

/** One per process; the client is that of this process whatever is given. */
export async function getReaper(_client: ContainerRuntimeClient): Promise<Reaper> {
  const session = await (await getRuntime()).session();
  return {
    sessionId: session.id,
    containerId: session.containerId,
    addSession: (sessionId) => session.addSession(sessionId),
    addComposeProject: (projectName) => session.addComposeProject(projectName),
  };
}
