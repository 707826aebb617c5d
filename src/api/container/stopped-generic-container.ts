import type { EngineClient } from "../../client/client";
import type { StoppedTestContainer } from "./types";

export class StoppedGenericContainer implements StoppedTestContainer {
  readonly #engine: EngineClient;
  readonly #id: string;

  constructor(engine: EngineClient, id: string) {
    this.#engine = engine;
    this.#id = id;
  }

  getId(): string {
    return this.#id;
  }

  copyArchiveFromContainer(path: string): Promise<NodeJS.ReadableStream> {
    return this.#engine.containers.getArchive(this.#id, path);
  }
}
