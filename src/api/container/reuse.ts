import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { ContainerCreateOptions, HostConfig } from "dockerode";
import type { EngineClient } from "../../client/client";
import type { ReuseLease } from "../../client/reuse";
import { withFileLock } from "../../internal/file-lock";
import { KeyedMutex } from "../../internal/keyed-mutex";
import { LABEL_TESTCONTAINERS_CONTAINER_HASH } from "../labels";
import type { Runtime } from "../runtime/runtime";
import { type CopySources, packSources } from "./copy";
import { readStream } from "./one-time-stream";
import type { EnvironmentOf } from "./request-extras";
import type { ArchiveToCopy, ContentToCopy, CopyToContainerOptions, StartedTestContainer } from "./types";

/** Everything that shapes a container. */
export interface ReuseRequest {
  readonly createOpts: ContainerCreateOptions;
  readonly hostConfig: HostConfig;
  readonly networkMode: string | undefined;
  readonly networkAliases: readonly string[];
  readonly sources: CopySources;
  readonly archives: readonly ArchiveToCopy[];
  readonly copyOptions: CopyToContainerOptions;
  readonly environmentOf: readonly EnvironmentOf[];
}

export interface ReuseActions {
  /** The container is ready, or was when it last ran. */
  readonly resume: (id: string) => Promise<StartedTestContainer>;
  /** `labels`: what the daemon wants it to carry beside its hash. */
  readonly make: (labels: Readonly<Record<string, string>>) => Promise<StartedTestContainer>;
}

const statuses = ["created", "running", "paused", "exited"];
const lockTimeoutMs = 600_000;
/** Files are told by what is in them, not by when they were written. */
const noTime = new Date(0);
const locks = new KeyedMutex();
/** Of this process, one for each container. */
const leases = new WeakMap<Runtime, Map<string, ReuseLease>>();

/**
 * The same request gives the same hash, in every process: with the image itself rather than its name, and with what is
 * copied in. The hash label of an earlier start does not count.
 */
export async function reuseHash({ engine }: Pick<Runtime, "engine">, request: ReuseRequest): Promise<string> {
  const { createOpts, hostConfig, networkMode, networkAliases, sources, archives, copyOptions } = request;
  // What they give depends on ports that are chosen anew each time.
  const environmentOf = request.environmentOf.map(String);
  const { [LABEL_TESTCONTAINERS_CONTAINER_HASH]: _earlier, ...Labels } = createOpts.Labels ?? {};
  const { HostConfig: _hostConfig, ...config } = createOpts;
  const image = await engine.images.inspect(String(createOpts.Image));
  const shape = {
    ...config,
    Labels,
    image: image.Id,
    hostConfig,
    networkMode,
    networkAliases,
    copyOptions,
    environmentOf,
  };
  const hash = createHash("sha256").update(JSON.stringify(shape));
  const tar = await packSources(sources, noTime);
  if (tar !== undefined) for await (const chunk of tar) hash.update(chunk);
  for (const { tar: archive, target } of archives) hash.update(target).update(await buffer(archive));
  return hash.digest("hex");
}

/** Streams are read once, but the hash, the copy and another try need them. Contents come back as bytes. */
export async function readContents(contents: readonly ContentToCopy[]): Promise<ContentToCopy[]> {
  return Promise.all(
    contents.map(async (entry) =>
      entry.content instanceof Readable ? { ...entry, content: await readStream(entry.content, entry.target) } : entry,
    ),
  );
}

/** As `readContents`: archives, each a stream that can be read again by `archiveStreams`. */
export async function readArchives(
  archives: readonly ArchiveToCopy[],
): Promise<readonly { readonly target: string; readonly bytes: Buffer }[]> {
  return Promise.all(archives.map(async ({ tar, target }) => ({ target, bytes: await readStream(tar, target) })));
}

export function archiveStreams(archives: Awaited<ReturnType<typeof readArchives>>): ArchiveToCopy[] {
  return archives.map(({ target, bytes }) => ({ target, tar: Readable.from([bytes]) }));
}

/**
 * One process at a time makes a container of this hash, and hands it out when it is ready; the others wait for that.
 */
export function startOnce(runtime: Runtime, hash: string, actions: ReuseActions): Promise<StartedTestContainer> {
  return locks.run(hash, () =>
    runtime.capabilities.has("reuse") ? leaseOrMake(runtime, hash, actions) : findOrMake(runtime.engine, hash, actions),
  );
}

/** Our engine knows who has a lease, and takes away what its maker did not finish. */
async function leaseOrMake(runtime: Runtime, hash: string, actions: ReuseActions): Promise<StartedTestContainer> {
  const { reuse } = runtime.engine;
  const lease = await reuse.lease({ Key: hash });
  try {
    const { containerId } = lease;
    const started = containerId === undefined ? await actions.make(lease.labels) : await actions.resume(containerId);
    if (containerId === undefined) await reuse.ready({ Key: hash, Id: started.getId() });
    keepLease(runtime, hash, lease);
    return started;
  } catch (error) {
    lease.close();
    throw error;
  }
}

/** Until this process ends. */
function keepLease(runtime: Runtime, hash: string, lease: ReuseLease): void {
  const kept = leases.get(runtime) ?? new Map<string, ReuseLease>();
  leases.set(runtime, kept);
  kept.get(hash)?.close();
  kept.set(hash, lease);
}

/** Of a daemon that is not ours, the processes of this machine take turns. */
function findOrMake(engine: EngineClient, hash: string, actions: ReuseActions): Promise<StartedTestContainer> {
  const lock = join(tmpdir(), `testcontainers-node-reuse-${process.getuid?.() ?? 0}-${hash.slice(0, 32)}.lock`);
  return withFileLock(lock, { timeoutMs: lockTimeoutMs }, async () => {
    const id = await findReusable(engine, hash);
    return id === undefined ? actions.make({}) : actions.resume(id);
  });
}

/** Id of the newest container of this hash. */
async function findReusable(engine: EngineClient, hash: string): Promise<string | undefined> {
  const filters = new Map([
    ["label", [`${LABEL_TESTCONTAINERS_CONTAINER_HASH}=${hash}`]],
    ["status", statuses],
  ]);
  const [newest] = await engine.containers.list({ all: true, limit: 1, filters });
  return newest?.Id;
}

/** A container that was handed out before runs again, if it does not. */
export async function wake({ containers }: EngineClient, id: string): Promise<void> {
  const { State } = await containers.inspect(id);
  if (State.Paused) await containers.unpause(id);
  else if (!State.Running) await containers.start(id);
}
