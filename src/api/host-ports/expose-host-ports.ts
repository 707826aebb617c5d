import type { Runtime } from "../runtime/runtime";

/** Our own engine opens the way itself. */
export async function exposeHostPorts(runtime: Runtime, ports: readonly number[]): Promise<void> {
  const { id } = await runtime.session();
  await runtime.engine.hostPorts.expose({ Session: id, Ports: ports });
}
