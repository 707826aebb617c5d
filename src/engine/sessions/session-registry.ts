import { messageOf } from "../../internal/errors";
import { randomId } from "../../internal/ids";
import type { Logger } from "../../internal/log";
import type { ContainerContext } from "../containers/context";
import { removeContainer } from "../containers/remove";
import type { EngineEvent, EventService } from "../routes/event-service";
import type { SessionRequest, SessionService } from "../routes/session-service";
import { sessionLabel } from "../state/container-record";

/** Counts the connections of every session and clears up behind the last one. */
export class SessionRegistry implements SessionService {
  readonly #context: ContainerContext;
  readonly #logger: Logger;
  readonly #connections = new Map<string, number>();
  readonly #ended = new Set<string>();
  readonly #watch = new AbortController();

  constructor(context: ContainerContext, events: EventService) {
    this.#context = context;
    this.#logger = context.logger;
    void this.#removeLatecomers(events);
  }

  get openSessions(): number {
    return this.#connections.size;
  }

  async open(request: SessionRequest): Promise<{ readonly id: string }> {
    const id = request.id ?? randomId().slice(0, 32);
    this.#connections.set(id, (this.#connections.get(id) ?? 0) + 1);
    this.#ended.delete(id);
    this.#logger.info("session opened", { session: id });
    return { id };
  }

  async end(id: string): Promise<void> {
    const left = (this.#connections.get(id) ?? 0) - 1;
    if (left > 0) {
      this.#connections.set(id, left);
      return;
    }
    this.#connections.delete(id);
    this.#ended.add(id);
    this.#logger.info("session ended", { session: id });
    await this.#clear(id);
    this.#context.onActivity();
  }

  /** The engine ends, and every session with it. Resolves when nothing of any is left. */
  async close(): Promise<void> {
    this.#watch.abort();
    await this.#clear();
  }

  /** A client that is killed may have asked for something that is made only after its session was cleared. */
  async #removeLatecomers(events: EventService): Promise<void> {
    const filters = new Map([["event", ["create"]]]);
    for await (const event of events.subscribe({ filters, signal: this.#watch.signal })) {
      const id = this.#sessionOf(event);
      if (id !== undefined && this.#ended.has(id)) await this.#clear(id);
    }
  }

  #sessionOf({ type, id, attributes }: EngineEvent): string | undefined {
    const { networks, volumes } = this.#context;
    if (type === "network") return networks.tryFind(id)?.spec.labels[sessionLabel];
    if (type === "volume") return volumes.labelsOf(id)[sessionLabel];
    return attributes[sessionLabel];
  }

  /** Containers at once, then what they used. One failure must not keep the rest from going. No id: of all sessions. */
  async #clear(id?: string): Promise<void> {
    const { index, networks, volumes } = this.#context;
    const attempt = async (what: string, task: Promise<unknown>): Promise<void> => {
      await task.catch((error: unknown) =>
        this.#logger.warn(`end of session: remove ${what}`, { session: id, reason: messageOf(error) }),
      );
    };
    const containers = index.values().filter(({ record }) => {
      const label = record.config.labels[sessionLabel];
      return label !== undefined && (id === undefined || label === id);
    });
    const options = { force: true, volumes: true };
    await Promise.all(
      containers.map((container) =>
        attempt(`container ${container.name}`, container.removal ?? removeContainer(this.#context, container, options)),
      ),
    );
    await Promise.all(
      networks.labelled(sessionLabel, id).map((network) => attempt(`network ${network}`, networks.remove(network))),
    );
    await Promise.all(
      volumes
        .labelled(sessionLabel, id)
        .map((volume) => attempt(`volume ${volume}`, volumes.remove(volume, { force: true }))),
    );
  }
}
