import type { Network } from "dockerode";
import type { EngineClient } from "../../client/client";
import type { NetworkCreateBody } from "../../wire/network";
import { dockerodeOf } from "./dockerode";
import { withDockerodeErrors } from "./dockerode-errors";
import { dockerodeHandle, type OwnMethod } from "./dockerode-handle";

/** One network by its id, as dockerode has it. */
export type NetworkHandle = Network;

/** Networks by the Docker Engine API. */
export class NetworkClient {
  readonly #engine: EngineClient;

  constructor(engine: EngineClient) {
    this.#engine = withDockerodeErrors(engine);
  }

  /** Looks nothing up. */
  getById(id: string): NetworkHandle {
    const { networks, endpoint } = this.#engine;
    const own: Record<string, OwnMethod> = {
      inspect: { options: [], call: () => networks.inspect(id) },
      remove: { options: [], call: () => networks.remove(id) },
    };
    const others = ["modem", "connect", "disconnect"] as const;
    return dockerodeHandle<Network>(id, own, others, () => dockerodeOf(endpoint).getNetwork(id));
  }

  async create(options: NetworkCreateBody): Promise<NetworkHandle> {
    const { Id } = await this.#engine.networks.create(options);
    return this.getById(Id);
  }

  remove(network: { readonly id: string }): Promise<void> {
    return this.#engine.networks.remove(network.id);
  }
}
