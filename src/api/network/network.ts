import { baseLabels, LABEL_TESTCONTAINERS_SESSION_ID } from "../labels";
import { type ContainerRuntimeClient, getContainerRuntimeClient } from "../runtime/container-runtime-client";
import type { NetworkHandle } from "../runtime/network-client";
import { getRuntime } from "../runtime/runtime";
import { RandomUuid, type Uuid } from "../uuid";

/** A bridge network with a random name, for containers that find each other by name and alias. */
export class Network {
  readonly #uuid: Uuid;

  constructor(uuid: Uuid = new RandomUuid()) {
    this.#uuid = uuid;
  }

  async start(): Promise<StartedNetwork> {
    const [runtime, client] = await Promise.all([getRuntime(), getContainerRuntimeClient()]);
    const { id: sessionId } = await runtime.session();
    const name = this.#uuid.nextUuid();
    const network = await client.network.create({
      Name: name,
      Driver: "bridge",
      Internal: false,
      Attachable: false,
      EnableIPv6: false,
      Options: {},
      Labels: { ...baseLabels(runtime.version), [LABEL_TESTCONTAINERS_SESSION_ID]: sessionId },
    });
    return new StartedNetwork(client, name, network);
  }
}

export class StartedNetwork implements AsyncDisposable {
  readonly #client: ContainerRuntimeClient;
  readonly #name: string;
  readonly #network: NetworkHandle;

  constructor(client: ContainerRuntimeClient, name: string, network: NetworkHandle) {
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

  /** Throws `network-in-use` while containers use it. */
  async stop(): Promise<StoppedNetwork> {
    await this.#client.network.remove(this.#network);
    return new StoppedNetwork();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

export class StoppedNetwork {}
