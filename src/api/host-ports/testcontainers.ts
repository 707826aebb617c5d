import { checkedPort } from "../checks";
import { onLivingEngine } from "../runtime/runtime";
import { exposeHostPorts } from "./expose-host-ports";

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
}
