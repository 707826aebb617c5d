import { setMaxListeners } from "node:events";
import type { EngineClient } from "../../client/client";
import { containerFailure } from "./await-service";
import { stopServices } from "./down";
import { observeContainers } from "./observe";

/**
 * For `--abort-on-container-exit`: resolves when a container of the project has ended and the others were ended after
 * it. Throws `container-exited` when its exit code is not 0.
 */
export async function awaitFirstEnd(client: EngineClient, project: string): Promise<void> {
  const containers = await observeContainers(client, project);
  if (containers.length === 0) return;
  const others = new AbortController();
  setMaxListeners(0, others.signal);
  const ends = containers.map(async ({ id, name, service }) => {
    const { StatusCode } = await client.containers.wait(id, others.signal);
    return { name, service, exitCode: StatusCode };
  });
  const { name, service, exitCode } = await Promise.race(ends).finally(() => others.abort());
  await stopServices({ client }, project);
  if (exitCode === 0) return;
  throw await containerFailure(client, name, `run service ${service}: ${name} ended with exit code ${exitCode}`);
}
