import { cleanUp } from "../../internal/clean-up";
import { messageOf } from "../../internal/errors";
import { randomId } from "../../internal/ids";
import type { Logger } from "../../internal/log";
import type { ContainerContext } from "../containers/context";
import { removeContainer } from "../containers/remove";
import type { ImageCatalog } from "../images/image-catalog";
import type { EngineEvent, EventService } from "../routes/event-service";
import type { LabelMatch, SessionRequest, SessionService } from "../routes/session-service";
import { sessionLabel } from "../state/container-record";

export interface SessionRegistryOptions {
  readonly context: ContainerContext;
  readonly images: Pick<ImageCatalog, "labelled" | "remove">;
  readonly events: EventService;
  /** Called when a session has ended, before what it made is removed. */
  readonly onEnded: (id: string) => void;
}

/** What marks the things of a session; without a value, those of all sessions. */
type Mark = Omit<LabelMatch, "value"> & { readonly value?: string };

const allSessions: readonly Mark[] = [{ key: sessionLabel }];

/** Counts the connections of every session and clears up behind the last one. */
export class SessionRegistry implements SessionService {
  readonly #options: SessionRegistryOptions;
  readonly #logger: Logger;
  readonly #connections = new Map<string, number>();
  readonly #claims = new Map<string, readonly LabelMatch[]>();
  readonly #ended = new Set<string>();
  readonly #watch = new AbortController();

  constructor(options: SessionRegistryOptions) {
    this.#options = options;
    this.#logger = options.context.logger;
    void this.#removeLatecomers(options.events);
  }

  get openSessions(): number {
    return this.#connections.size;
  }

  isOpen(id: string): boolean {
    return this.#connections.has(id);
  }

  async open(request: SessionRequest): Promise<{ readonly id: string }> {
    const id = request.id ?? randomId().slice(0, 32);
    this.#connections.set(id, (this.#connections.get(id) ?? 0) + 1);
    this.#claims.set(id, [...(this.#claims.get(id) ?? []), ...request.claims]);
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
    this.#options.onEnded(id);
    await this.#clear(this.#marksOf(id));
    this.#options.context.onActivity();
  }

  /** The engine ends, and every session with it. Resolves when nothing of any is left. */
  async close(): Promise<void> {
    this.#watch.abort();
    await this.#clear(allSessions);
  }

  #marksOf(id: string): readonly Mark[] {
    return [{ key: sessionLabel, value: id }, ...(this.#claims.get(id) ?? [])];
  }

  /** A client that is killed may have asked for something that is made only after its session was cleared. */
  async #removeLatecomers(events: EventService): Promise<void> {
    const filters = new Map([["event", ["create", "tag", "commit"]]]);
    for await (const event of events.subscribe({ filters, signal: this.#watch.signal })) {
      const id = await this.#sessionOf(event);
      if (id !== undefined && this.#ended.has(id)) await this.#clear(this.#marksOf(id));
    }
  }

  async #sessionOf({ type, id, attributes }: EngineEvent): Promise<string | undefined> {
    const { context, images } = this.#options;
    if (type === "network") return context.networks.tryFind(id)?.spec.labels[sessionLabel];
    if (type === "volume") return context.volumes.labelsOf(id)[sessionLabel];
    if (type === "image") return (await images.labelled(sessionLabel)).find((image) => image.id === id)?.value;
    return attributes[sessionLabel];
  }

  /** Containers at once, then what they used. One failure must not keep the rest from going. */
  async #clear(marks: readonly Mark[]): Promise<void> {
    const { index, networks, volumes } = this.#options.context;
    const containers = index.values().filter(({ record }) => isMarked(record.config.labels, marks));
    const options = { force: true, volumes: true };
    await Promise.all(
      containers.map((container) =>
        this.#attempt(
          `container ${container.name}`,
          () => container.removal ?? removeContainer(this.#options.context, container, options),
        ),
      ),
    );
    const marked = (kind: typeof networks | typeof volumes): readonly string[] => [
      ...new Set(marks.flatMap(({ key, value }) => kind.labelled(key, value))),
    ];
    await Promise.all([
      ...marked(networks).map((network) => this.#attempt(`network ${network}`, () => networks.remove(network))),
      ...marked(volumes).map((volume) =>
        this.#attempt(`volume ${volume}`, () => volumes.remove(volume, { force: true })),
      ),
    ]);
    await this.#clearImages(marks);
  }

  /**
   * One after the other, as they share layers. One that a container of another session kept is tried again with the
   * next.
   */
  async #clearImages(marks: readonly Mark[]): Promise<void> {
    const { images } = this.#options;
    const isDoomed = (id: string): boolean =>
      this.#ended.has(id) || marks.some(({ key, value }) => key === sessionLabel && (value ?? id) === id);
    for (const { id, value } of await images.labelled(sessionLabel)) {
      if (value !== "" && isDoomed(value)) await this.#attempt(`image ${id}`, () => images.remove(id, { force: true }));
    }
  }

  async #attempt(what: string, task: () => Promise<unknown>): Promise<void> {
    await cleanUp(task, (error) => this.#logger.warn(`end of session: remove ${what}`, { reason: messageOf(error) }));
  }
}

/** An empty label is that of a container that was kept out of its session. */
function isMarked(labels: Readonly<Record<string, string>>, marks: readonly Mark[]): boolean {
  return marks.some(({ key, value }) => (value === undefined ? Boolean(labels[key]) : labels[key] === value));
}
