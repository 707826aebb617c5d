import { baseLabels } from "../labels";
import type { ContainerRuntimeClient } from "../runtime/container-runtime-client";
import { isGoneWithEngine, onLivingEngine, type Runtime } from "../runtime/runtime";
import { sessionLabel } from "../runtime/session-label";
import { RandomUuid, type Uuid } from "../uuid";

/** A bridge network with a random name, for containers that find each other by name and alias. */
export class Network {
  readonly #uuid: Uuid;

  constructor(uuid: Uuid = new RandomUuid()) {
    this.#uuid = uuid;
  }

  start(): Promise<StartedNetwork> {
    return onLivingEngine(async (runtime) => {
      const session = await sessionLabel(runtime);
      const name = this.#uuid.nextUuid();
      const { Id: id } = await runtime.engine.networks.create({
        Name: name,
        CheckDuplicate: true,
        Driver: "bridge",
        Internal: false,
        Attachable: false,
        EnableIPv6: false,
        Options: {},
        Labels: { ...baseLabels(runtime.version), ...session },
      });
      return new StartedNetwork({ network: removerOn(runtime) }, name, { id });
    });
  }
}

/** What a network needs of a client: a request for the rest of it is saved. */
type NetworkOwner = { readonly network: Pick<ContainerRuntimeClient["network"], "remove"> };

/** A network that went with its engine is removed. */
function removerOn(runtime: Runtime): NetworkOwner["network"] {
  return {
    remove: async ({ id }) => {
      await runtime.engine.networks.remove(id).catch((error: unknown) => {
        if (!isGoneWithEngine(runtime, error)) throw error;
      });
    },
  };
}

export class StartedNetwork implements AsyncDisposable {
  readonly #client: NetworkOwner;
  readonly #name: string;
  readonly #network: { readonly id: string };

  /** For networks that were made by `client.network.create`. */
  constructor(client: NetworkOwner, name: string, network: { readonly id: string }) {
    this.#client = client;
    this.#name = name;
    this.#network = network;
  }

  getId(): string {
    return this.#network.id;
  }

  getName(): string {
    return this.#name;
  }

  /** Throws `network-in-use` while containers use it. One that went with its engine is stopped. */
  async stop(): Promise<StoppedNetwork> {
    await this.#client.network.remove(this.#network);
    return new StoppedNetwork();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

export class StoppedNetwork {}
