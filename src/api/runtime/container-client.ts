import { PassThrough, type Readable } from "node:stream";
import type { ContainerCreateOptions, ContainerInspectInfo } from "dockerode";
import type { EngineClient } from "../../client/client";
import type { ContainerCreateBody } from "../../wire/container-create";
import { type ExecOptions, type ExecResult, execIn } from "../container/exec";
import type { CopyToContainerOptions } from "../container/types";
import { type ContainerHandle, containerHandle } from "./container-handle";

export type ContainerStatus = "created" | "restarting" | "running" | "removing" | "paused" | "exited" | "dead";

/** Containers by the Docker Engine API. Times are in milliseconds. */
export class ContainerClient {
  readonly #engine: EngineClient;

  constructor(engine: EngineClient) {
    this.#engine = engine;
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

  /** Running ones only. */
  async list(): Promise<ContainerHandle[]> {
    const containers = await this.#engine.containers.list();
    return containers.map(({ Id }) => this.getById(Id));
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

  exec(container: ContainerHandle, command: string[], options: Partial<ExecOptions> = {}): Promise<ExecResult> {
    return execIn(this.#engine, container.id, command, options);
  }

  /** Follows; ends with the container's run. */
  logs(
    container: ContainerHandle,
    { since, tail }: { since?: number | undefined; tail?: number | undefined } = {},
  ): Promise<Readable> {
    return this.#engine.containers.logs(container.id, { follow: true, readerKeepsProcessAlive: true, since, tail });
  }

  async attach(container: ContainerHandle): Promise<NodeJS.ReadWriteStream> {
    return this.#engine.containers.attach(container.id, { stdin: true });
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
