import type { EngineClient } from "../../client/client";
import type { NetworkCreateBody, NetworkInspect } from "../../wire/network";
import { withDockerodeErrors } from "./dockerode-errors";

/** One network by its id. */
export interface NetworkHandle {
  readonly id: string;
  inspect(): Promise<NetworkInspect>;
  remove(): Promise<void>;
}

/** Networks by the Docker Engine API. */
export class NetworkClient {
  readonly #engine: EngineClient;

  constructor(engine: EngineClient) {
    this.#engine = withDockerodeErrors(engine);
  }

  getById(id: string): NetworkHandle {
    const { networks } = this.#engine;
    return { id, inspect: () => networks.inspect(id), remove: () => networks.remove(id) };
  }

  async create(options: NetworkCreateBody): Promise<NetworkHandle> {
    const { Id } = await this.#engine.networks.create(options);
    return this.getById(Id);
  }

  remove(network: { readonly id: string }): Promise<void> {
    return this.#engine.networks.remove(network.id);
  }
}
