import { baseLabels, LABEL_TESTCONTAINERS_SESSION_ID } from "../labels";
import { isGoneWithEngine, onLivingEngine, type Runtime } from "../runtime/runtime";
import { RandomUuid, type Uuid } from "../uuid";

/** A bridge network with a random name, for containers that find each other by name and alias. */
export class Network {
  readonly #uuid: Uuid;

  constructor(uuid: Uuid = new RandomUuid()) {
    this.#uuid = uuid;
  }

  start(): Promise<StartedNetwork> {
    return onLivingEngine(async (runtime) => {
      const { id: sessionId } = await runtime.session();
      const name = this.#uuid.nextUuid();
      const { Id } = await runtime.engine.networks.create({
        Name: name,
        Driver: "bridge",
        Internal: false,
        Attachable: false,
        EnableIPv6: false,
        Options: {},
        Labels: { ...baseLabels(runtime.version), [LABEL_TESTCONTAINERS_SESSION_ID]: sessionId },
      });
      return new StartedNetwork(runtime, name, Id);
    });
  }
}

export class StartedNetwork implements AsyncDisposable {
  readonly #runtime: Runtime;
  readonly #name: string;
  readonly #id: string;

  constructor(runtime: Runtime, name: string, id: string) {
    this.#runtime = runtime;
    this.#name = name;
    this.#id = id;
  }

  getId(): string {
    return this.#id;
  }

  getName(): string {
    return this.#name;
  }

  /** Throws `network-in-use` while containers use it. One that went with its engine is stopped. */
  async stop(): Promise<StoppedNetwork> {
    await this.#runtime.engine.networks.remove(this.#id).catch((error: unknown) => {
      if (!isGoneWithEngine(this.#runtime, error)) throw error;
    });
    return new StoppedNetwork();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

export class StoppedNetwork {}
