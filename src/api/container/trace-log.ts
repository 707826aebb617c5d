import type { EngineClient } from "../../client/client";
import { containerLog } from "../log";

interface TracedContainer {
  readonly id: string;
  /** Put before what it says. Default: nothing. */
  readonly name?: string | undefined;
  /** What was said before is left out. Default: nothing is. */
  readonly since?: Date;
}

/** Shows what a container says, until it ends, to who wants to see it: `DEBUG=testcontainers:containers`. */
export async function traceLog(engine: EngineClient, { id, name, since }: TracedContainer): Promise<void> {
  if (!containerLog.enabled()) return;
  const logs = await engine.containers.logs(id, { follow: true, since: since && since.getTime() / 1000 });
  const prefix = name === undefined ? "" : `${name}: `;
  logs.on("data", (chunk: string) => containerLog.trace(`${prefix}${chunk.trim()}`, { containerId: id }));
  // A daemon that goes away is told to whoever calls it next.
  logs.on("error", () => {});
}
