import type { StoppedTestContainer } from "./types";

/** Base of the stopped containers of modules. */
export class AbstractStoppedContainer {
  protected readonly stoppedTestContainer: StoppedTestContainer;

  constructor(stoppedTestContainer: StoppedTestContainer) {
    this.stoppedTestContainer = stoppedTestContainer;
  }

  getId(): string {
    return this.stoppedTestContainer.getId();
  }

  copyArchiveFromContainer(path: string): Promise<NodeJS.ReadableStream> {
    return this.stoppedTestContainer.copyArchiveFromContainer(path);
  }
}
