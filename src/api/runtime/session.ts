import type { EngineClient } from "../../client/client";
import { LABEL_COMPOSE_PROJECT, LABEL_TESTCONTAINERS_SESSION_ID } from "../labels";
import { log } from "../log";
import { randomUuid } from "../uuid";

/** What belongs to this process, and goes when it ends. */
export interface OpenSession {
  readonly id: string;
  /** Of the container that clears up; empty where none is needed. */
  readonly containerId: string;
  /** Whether the engine that knew it is gone. */
  isLost(): boolean;
  /** What carries another session's id belongs to this process as well. */
  addSession(id: string): void;
  /** So do the containers, networks and volumes of a compose project. */
  addComposeProject(name: string): void;
}

/** Our engine ends a session with its connection; undefined when the daemon knows no sessions. */
export async function openEngineSession(engine: EngineClient): Promise<OpenSession | undefined> {
  const session = await engine.sessions.open({ Id: randomUuid() });
  if (session === undefined) return undefined;
  // A further session, whose connection ends with this process as well.
  const join = (body: Parameters<typeof engine.sessions.open>[0]): void => {
    engine.sessions.open(body).catch((error: unknown) => log.error(`Failed to add to the session: ${error}`));
  };
  return {
    id: session.id,
    containerId: "",
    isLost: () => session.isEnded(),
    addSession: (id) => join({ Id: id }),
    addComposeProject: (name) => join({ Claims: { [LABEL_COMPOSE_PROJECT]: name } }),
  };
}

/**
 * On a daemon without sessions and without a reaper, what carries the label is removed when the process has nothing
 * left to do. A process that is killed, or calls `process.exit`, leaves it behind.
 */
export function openUnattendedSession(engine: EngineClient): OpenSession {
  const id = randomUuid();
  const labels = [`${LABEL_TESTCONTAINERS_SESSION_ID}=${id}`];
  process.once("beforeExit", () => {
    for (const label of labels) void removeLabelled(engine, label);
  });
  return {
    id,
    containerId: "",
    isLost: () => false,
    addSession: (other) => void labels.push(`${LABEL_TESTCONTAINERS_SESSION_ID}=${other}`),
    addComposeProject: (name) => void labels.push(`${LABEL_COMPOSE_PROJECT}=${name}`),
  };
}

/** Best effort: containers first, as they use the others. */
async function removeLabelled(engine: EngineClient, label: string): Promise<void> {
  const filters = new Map([["label", [label]]]);
  const containers = await engine.containers.list({ all: true, filters }).catch(() => []);
  await Promise.allSettled(containers.map(({ Id }) => engine.containers.remove(Id, { force: true, volumes: true })));
  const [networks, volumes, images] = await Promise.all([
    engine.networks.list(filters).catch(() => []),
    engine.volumes.list(filters).catch(() => []),
    engine.images.list(filters).catch(() => []),
  ]);
  await Promise.allSettled([
    ...networks.map(({ Id }) => engine.networks.remove(Id)),
    ...volumes.map(({ Name }) => engine.volumes.remove(Name)),
    ...images.map(({ Id }) => engine.images.remove(Id, { force: true })),
  ]);
}
