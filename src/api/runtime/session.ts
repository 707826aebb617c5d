import type { EngineClient } from "../../client/client";
import { baseLabels, LABEL_TESTCONTAINERS_SESSION_ID } from "../labels";
import { randomUuid } from "../uuid";

export interface OpenSession {
  readonly id: string;
}

/**
 * Our engine ends a session with its connection. Another daemon knows none: there the label marks what belongs to this
 * process, and it is removed when the process has nothing left to do. A process that is killed, or calls
 * `process.exit`, leaves it behind on such a daemon. `onLost` is called when the engine went away.
 */
export async function openSession(engine: EngineClient, version: string, onLost: () => void): Promise<OpenSession> {
  const id = randomUuid();
  const session = await engine.sessions.open({ Id: id, Labels: baseLabels(version) });
  if (session === undefined) {
    process.once("beforeExit", () => void removeAll(engine, id));
    return { id };
  }
  void session.ended.then(onLost);
  return { id: session.id };
}

/** Best effort: containers first, as they use the others. */
async function removeAll(engine: EngineClient, sessionId: string): Promise<void> {
  const filters = new Map([["label", [`${LABEL_TESTCONTAINERS_SESSION_ID}=${sessionId}`]]]);
  const containers = await engine.containers.list({ all: true, filters }).catch(() => []);
  await Promise.allSettled(containers.map(({ Id }) => engine.containers.remove(Id, { force: true, volumes: true })));
  const networks = await engine.networks.list(filters).catch(() => []);
  const volumes = await engine.volumes.list(filters).catch(() => []);
  await Promise.allSettled([
    ...networks.map(({ Id }) => engine.networks.remove(Id)),
    ...volumes.map(({ Name }) => engine.volumes.remove(Name)),
  ]);
}
