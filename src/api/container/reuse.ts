import { createHash } from "node:crypto";
import type { ContainerCreateOptions } from "dockerode";
import type { EngineClient } from "../../client/client";
import { Mutex } from "../../internal/mutex";
import { LABEL_TESTCONTAINERS_CONTAINER_HASH } from "../labels";

const statuses = ["created", "running", "paused", "exited"];
const locks = new Map<string, Mutex>();

/** The same request gives the same hash; the hash label of an earlier start does not count. */
export function reuseHash(createOpts: ContainerCreateOptions): string {
  const { [LABEL_TESTCONTAINERS_CONTAINER_HASH]: _earlier, ...Labels } = createOpts.Labels ?? {};
  const { HostConfig: _hostConfig, ...config } = createOpts;
  return createHash("sha256")
    .update(JSON.stringify({ ...config, Labels }))
    .digest("hex");
}

/** Starts of one hash in this process come one after the other, and so converge on one container. */
export function withReuseLock<T>(hash: string, task: () => Promise<T>): Promise<T> {
  const lock = locks.get(hash) ?? new Mutex();
  locks.set(hash, lock);
  return lock.run(task);
}

/** Id of the newest container of this hash. */
export async function findReusable(engine: EngineClient, hash: string): Promise<string | undefined> {
  const filters = new Map([
    ["label", [`${LABEL_TESTCONTAINERS_CONTAINER_HASH}=${hash}`]],
    ["status", statuses],
  ]);
  const [newest] = await engine.containers.list({ all: true, limit: 1, filters });
  return newest?.Id;
}
