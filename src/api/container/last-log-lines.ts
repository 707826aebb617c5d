import type { EngineClient } from "../../client/client";

/** What a container said last, without line ends. */
export async function lastLogLines(engine: EngineClient, containerId: string, count: number): Promise<string[]> {
  const logs = await engine.containers.logs(containerId, { tail: count });
  let text = "";
  for await (const chunk of logs) text += chunk;
  return text.trimEnd() === "" ? [] : text.trimEnd().split(/\r?\n/).slice(-count);
}
