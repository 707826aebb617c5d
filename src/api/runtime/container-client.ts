import { PassThrough, Readable } from "node:stream";
import type Docker from "dockerode";
import type { ContainerCreateOptions, ContainerInfo, ContainerInspectInfo } from "dockerode";
import type { EngineClient } from "../../client/client";
import { outputText } from "../../client/output";
import { hasCode } from "../../internal/errors";
import type { ContainerCreateBody } from "../../wire/container-create";
import { type ExecOptions, type ExecResult, execIn } from "../container/exec";
import type { CommitOptions, CopyToContainerOptions } from "../container/types";
import { type ContainerHandle, containerHandle } from "./container-handle";
import { dockerodeOf } from "./dockerode";
import { withDockerodeErrors } from "./dockerode-errors";

export type ContainerStatus = "created" | "restarting" | "running" | "removing" | "paused" | "exited" | "dead";

/** Containers by the Docker Engine API. Times are in milliseconds. */
export class ContainerClient {
  readonly #engine: EngineClient;

  constructor(engine: EngineClient) {
    this.#engine = withDockerodeErrors(engine);
  }

  /** dockerode on the same daemon, for what is not here. Loaded when it is asked for. */
  get dockerode(): Docker {
    return dockerodeOf(this.#engine.endpoint);
  }

  getById(id: string): ContainerHandle {
    return containerHandle(this.#engine, id);
  }

  /** The newest match. */
  async fetchByLabel(
    name: string,
    value: string,
    { status }: { status?: ContainerStatus[] | undefined } = {},
  ): Promise<ContainerHandle | undefined> {
    const filters = new Map([["label", [`${name}=${value}`]]]);
    if (status !== undefined) filters.set("status", status);
    const [newest] = await this.#engine.containers.list({ limit: 1, filters });
    return newest === undefined ? undefined : this.getById(newest.Id);
  }

  /** Running ones only, as the API lists them. */
  async list(): Promise<ContainerInfo[]> {
    // The same JSON; dockerode's type has mutable fields.
    return (await this.#engine.containers.list()) as unknown as ContainerInfo[];
  }

  async create({ name, platform, ...body }: ContainerCreateOptions): Promise<ContainerHandle> {
    const { Id } = await this.#engine.containers.create(body as ContainerCreateBody, { name, platform });
    return this.getById(Id);
  }

  start(container: ContainerHandle): Promise<void> {
    return container.start();
  }

  inspect(container: ContainerHandle): Promise<ContainerInspectInfo> {
    return container.inspect();
  }

  stop(container: ContainerHandle, { timeout = 0 }: { timeout?: number | undefined } = {}): Promise<void> {
    return container.stop({ t: Math.trunc(timeout / 1000) });
  }

  restart(container: ContainerHandle, { timeout = 0 }: { timeout?: number | undefined } = {}): Promise<void> {
    return container.restart({ t: Math.trunc(timeout / 1000) });
  }

  remove(
    container: ContainerHandle,
    { removeVolumes = false }: { removeVolumes?: boolean | undefined } = {},
  ): Promise<void> {
    return container.remove({ v: removeVolumes });
  }

  /** Resolves to the image's id. `changes`: Dockerfile instructions, one to a line. */
  async commit(
    container: ContainerHandle,
    { changes = "", ...options }: Omit<CommitOptions, "changes" | "deleteOnExit"> & { changes?: string | undefined },
  ): Promise<string> {
    const lines = changes === "" ? [] : changes.split("\n");
    return (await this.#engine.containers.commit(container.id, { ...options, changes: lines })).Id;
  }

  /** Events of these names that happen to the container from now on, one JSON to a line. Destroy it to end it. */
  async events(container: ContainerHandle, eventNames: string[]): Promise<Readable> {
    const stop = new AbortController();
    const filters = new Map([
      ["type", ["container"]],
      ["container", [container.id]],
      ["event", eventNames],
    ]);
    const events = await this.#engine.events.subscribe({ filters, signal: stop.signal });
    const lines = Readable.from(jsonLines(events), { objectMode: false });
    lines.once("close", () => stop.abort());
    return lines;
  }

  /** `log` is there for compatibility: whether a command is logged is decided by DEBUG. */
  exec(
    container: ContainerHandle,
    command: string[],
    options: Partial<ExecOptions & { log: boolean }> = {},
  ): Promise<ExecResult> {
    return execIn(this.#engine, container.id, command, options);
  }

  /** Follows; ends with the container's run. */
  logs(
    container: ContainerHandle,
    { since, tail }: { since?: number | undefined; tail?: number | undefined } = {},
  ): Promise<Readable> {
    return this.#engine.containers.logs(container.id, { follow: true, readerKeepsProcessAlive: true, since, tail });
  }

  /** What it says from now on, both streams as text, until it ends: before its start, from the first word on. */
  async attach(container: ContainerHandle): Promise<Readable> {
    return outputText(await this.#engine.containers.attach(container.id, { stdin: false }));
  }

  fetchArchive(container: ContainerHandle, path: string): Promise<NodeJS.ReadableStream> {
    return this.#engine.containers.getArchive(container.id, path);
  }

  putArchive(
    container: ContainerHandle,
    tar: NodeJS.ReadableStream,
    path: string,
    options: CopyToContainerOptions = {},
  ): Promise<void> {
    return this.#engine.containers.putArchive(container.id, path, tar.pipe(new PassThrough()), options);
  }

  connectToNetwork(container: ContainerHandle, network: { readonly id: string }, aliases: string[]): Promise<void> {
    return this.#engine.networks.connect(network.id, container.id, { Aliases: aliases });
  }
}

async function* jsonLines(events: AsyncIterable<object>): AsyncGenerator<string> {
  try {
    for await (const event of events) yield `${JSON.stringify(event)}\n`;
  } catch (error) {
    if (!hasCode(error, "aborted") && !hasCode(error, "ECONNRESET")) throw error;
  }
}
