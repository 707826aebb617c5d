import { checkedObject, checkedPort, checkedWith } from "../checks";
import { type ContainerEvent, eventsOf } from "../container/container-events";
import type { Startable } from "../container/request-extras";
import { startGraph } from "../container/start-graph";
import type { StartedTestContainer } from "../container/types";
import { onLivingEngine } from "../runtime/runtime";
import { exposeHostPorts } from "./expose-host-ports";

/** Of each container, what its `start` resolves to. */
export type StartedOf<T extends Readonly<Record<string, Startable>>> = {
  [Name in keyof T]: Awaited<ReturnType<T[Name]["start"]>>;
};

/** What concerns all containers of this process. */
// biome-ignore lint/complexity/noStaticOnlyClass: the contract, section 6
export class TestContainers {
  /**
   * Lets containers reach TCP ports of this machine as `host.testcontainers.internal:<port>`, also of services that
   * listen on its loopback only, until this process ends. On our own engine those as well that were started before;
   * on another daemon those that are started afterwards.
   */
  static async exposeHostPorts(...ports: number[]): Promise<void> {
    for (const port of ports) checkedPort(port, "the port to expose");
    await onLivingEngine((runtime) => exposeHostPorts(runtime, ports));
  }

  /**
   * Starts containers by name, with all that they depend on: every pull begins at once, and each starts as soon as what
   * it depends on is ready. When one fails, all are stopped again. What has no name here stops with the last container
   * that depends on it.
   */
  static async startAll<T extends Readonly<Record<string, Startable>>>(containers: T): Promise<StartedOf<T>> {
    const named = Object.entries(checkedObject(containers, "the containers to start"));
    for (const [name, container] of named) checkedWith(container, ["start"], `the container to start as ${name}`);
    const started = await startGraph(
      named.map(([, container]) => container),
      { stopWithLast: true },
    );
    const entries = named.map(([name, container]) => [name, started.get(container)]);
    return Object.fromEntries(entries) as StartedOf<T>;
  }

  /**
   * What happens to a container from now on, until the reader stops: `for await (const { action } of
   * TestContainers.events(container))`. Does not keep the process alive by itself.
   */
  static events(container: StartedTestContainer): AsyncIterable<ContainerEvent> {
    return eventsOf(checkedWith(container, ["getId"], "the container whose events to read"));
  }
}
