import type { Runtime } from "../runtime/runtime";
import { openSshForwarder, type SshForwarder } from "./ssh-forwarder";

/** Of daemons that are not ours, or of another machine; there once something is exposed. */
const forwarders = new WeakMap<Runtime, Promise<SshForwarder>>();

/** Our own engine on this machine opens the way itself; on any other it leads through an SSH server. */
export async function exposeHostPorts(runtime: Runtime, ports: readonly number[]): Promise<void> {
  if (runtime.capabilities.has("host-ports") && runtime.isOfThisMachine) {
    const { id } = await runtime.session();
    await runtime.engine.hostPorts.expose({ Session: id, Ports: ports });
    return;
  }
  const forwarder = await forwarderFor(runtime);
  for (const port of ports) await forwarder.expose(port);
}

function forwarderFor(runtime: Runtime): Promise<SshForwarder> {
  const known = forwarders.get(runtime);
  if (known !== undefined) return known;
  const opened = openSshForwarder(runtime);
  forwarders.set(runtime, opened);
  opened.catch(() => forwarders.delete(runtime));
  return opened;
}

/** What a container needs to reach what is exposed. */
export interface WayToHost {
  /** Entries for its hosts file. */
  readonly extraHosts: readonly string[];
  /** To be connected to as well. */
  readonly networkId?: string;
}

/**
 * On our own engine of this machine there is nothing to be done: every container has the name, whatever was exposed
 * when.
 */
export async function wayToHost(runtime: Runtime, networkMode: string | undefined): Promise<WayToHost> {
  const forwarder = await forwarders.get(runtime);
  if (forwarder === undefined) return { extraHosts: [] };
  const extraHosts = [`host.testcontainers.internal:${forwarder.address}`];
  const isThere = [undefined, "", "default", forwarder.networkName, forwarder.networkId].includes(networkMode);
  const hasNone = networkMode === "none" || networkMode === "host" || networkMode?.startsWith("container:");
  return isThere || hasNone ? { extraHosts } : { extraHosts, networkId: forwarder.networkId };
}
