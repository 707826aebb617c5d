import type Docker from "dockerode";

import type { EngineClient } from "../../client/client";
import { RuncibleError } from "../../internal/errors";
import type { ContainerHandle } from "../runtime/container-handle";
import { containerHandle } from "../runtime/container-handle";
import { dockerodeOf } from "../runtime/dockerode";
import { getRuntime } from "../runtime/runtime";
import { containerEnd, poll, waitLimited } from "./until";
import { AbstractWaitStrategy } from "./wait-strategy";

export type StartupStatus = "PENDING" | "SUCCESS" | "FAIL";

const intervalMs = 100;

/** For checks of users: asked again and again until it says success or failure. */
export abstract class StartupCheckStrategy extends AbstractWaitStrategy {
  abstract checkStartupState(dockerClient: Docker, containerId: string): Promise<StartupStatus>;

  waitUntilReady(container: ContainerHandle): Promise<void> {
    return this.waitByChecks(container, intervalMs);
  }

  /**
   * Checks once more when the container has ended, which may be what is waited for; "pending" is a failure then.
   * `pauseMs`: between checks before; undefined: none are needed.
   *
   * @internal
   */
  protected async waitByChecks(container: ContainerHandle, pauseMs: number | undefined): Promise<void> {
    const { engine } = await getRuntime();
    const client = clientOf(engine);
    const timedOut = (): string => `Container not accessible after ${this.startupTimeoutMs}ms`;
    const isReady = async (): Promise<boolean> => {
      const status = await this.checkStartupState(client, container.id);
      if (status === "FAIL") {
        throw new RuncibleError("container-exited", `Container failed to start for ${container.id}`);
      }
      return status === "SUCCESS";
    };
    const untilEnd = (signal: AbortSignal): Promise<void> =>
      containerEnd(engine, container.id, signal).catch(async (error: unknown) => {
        if (!(await isReady())) throw error;
      });
    await waitLimited(this.startupTimeoutMs, timedOut, (signal) =>
      pauseMs === undefined ? untilEnd(signal) : Promise.race([untilEnd(signal), poll(signal, pauseMs, isReady)]),
    );
  }
}

/** dockerode, which is loaded when something other than a container is asked for. */
function clientOf(engine: EngineClient): Docker {
  const own = { getContainer: (id: string) => containerHandle(engine, id) };
  return new Proxy(own as unknown as Docker, {
    get: (target, key) => {
      if (key in target || typeof key === "symbol" || key === "then") return Reflect.get(target, key);
      const docker = dockerodeOf(engine.endpoint);
      const value: unknown = Reflect.get(docker, key);
      return typeof value === "function" ? value.bind(docker) : value;
    },
  });
}

/** The container ran to its end and its exit code is 0. */
export class OneShotStartupCheckStrategy extends StartupCheckStrategy {
  readonly DOCKER_TIMESTAMP_ZERO: string = "0001-01-01T00:00:00Z";

  override waitUntilReady(container: ContainerHandle): Promise<void> {
    return this.waitByChecks(container, undefined);
  }

  async checkStartupState(client: Docker, containerId: string): Promise<StartupStatus> {
    const { State } = await client.getContainer(containerId).inspect();
    const hasRun = this.#isTime(State.StartedAt) && this.#isTime(State.FinishedAt);
    if (State.Running || State.Paused || !hasRun) return "PENDING";
    return State.ExitCode === 0 ? "SUCCESS" : "FAIL";
  }

  #isTime(timestamp: string): boolean {
    return timestamp !== "" && timestamp !== this.DOCKER_TIMESTAMP_ZERO;
  }
}
