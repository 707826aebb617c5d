import type { WaitCondition, WaitOutcome } from "../routes/container-service";
import type { Container } from "./container";

/** `ContainerService.wait`: the promise exists before this returns, so no exit can fall between. */
export function waitFor(container: Container, condition: WaitCondition): Promise<WaitOutcome> {
  switch (condition) {
    case "removed":
      return container.removed.promise;
    case "next-exit":
      return container.nextExit.promise;
    case "not-running":
      if (container.isRunning) return container.nextExit.promise;
      return Promise.resolve({ exitCode: container.record.state.exitCode });
  }
}
