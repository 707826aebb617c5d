import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { RuncibleError } from "../../internal/errors";
import { randomId, shortId } from "../../internal/ids";
import { removeTree } from "../../internal/remove-tree";
import { prepareRootfs } from "../../runtime/container";
import type { Digest } from "../../runtime/image/digest";
import { addNewImage } from "../../runtime/image/new-image";
import { hostPlatform } from "../../runtime/image/platform";
import { familiarName, parseReference } from "../../runtime/image/reference";
import { openContext } from "../context/build-context";
import { parseDockerfile } from "../dockerfile/parse";
import { type ArgSources, globalVariables, platformArgsOf, proxyArgs } from "../plan/build-args";
import { planStages, type Source } from "../plan/stage-plan";
import type { Build, BuildHost, BuildParts, BuildRequest } from "./build";
import type { BuildEvent } from "./build-event";
import { configBytes, diffIdsOf, imageSnapshot, type Snapshot, scratchSnapshot } from "./snapshot";
import { runStage, stepsOf } from "./stage";
import { StageOutput } from "./stage-output";
import type { Stage } from "./stage-state";

export interface BuildOptions {
  readonly parts: BuildParts;
  readonly host: BuildHost;
  /** New, on the disk of the stores; the build removes it. */
  readonly folder: string;
  /** Context and Dockerfile are read and found good. */
  readonly onBegun: () => void;
  readonly onBuilt: (id: Digest) => void;
}

/**
 * Builds an image. Until `onBegun`, what is wrong with the request is thrown as `invalid-argument`; later failures are
 * thrown too. However it ends, and whenever the
 * reader stops: no container, mount or file of the build is left.
 */
export async function* buildImage(request: BuildRequest, options: BuildOptions): AsyncGenerator<BuildEvent> {
  const { parts, folder } = options;
  const abort = new AbortController();
  const follow = (): void => abort.abort(request.signal.reason);
  request.signal.addEventListener("abort", follow);
  if (request.signal.aborted) follow();
  const lease = parts.images.lease();
  const roots: Resources["roots"] = new Map();
  let stages: Promise<unknown> = Promise.resolve();
  try {
    const build = await prepare(request, options, { signal: abort.signal, lease, roots });
    options.onBegun();
    const running = startStages(build, abort);
    stages = running.settled;
    for (const output of running.outputs) {
      for await (const event of output.read()) if (!request.isQuiet) yield event;
    }
    const image = await addImage(build, await running.result);
    options.onBuilt(image);
    yield* closingEvents(build, image);
  } finally {
    abort.abort(new RuncibleError("aborted", "build image: it is over"));
    request.signal.removeEventListener("abort", follow);
    await stages;
    await unmountRoots(parts, roots);
    // A program that was just told to end may still write.
    await removeTree(folder, { maxRetries: 5 });
    lease.release();
  }
}

/** Those too that nobody waits for any more: a step fails with the first of its sources. */
async function unmountRoots({ runtime }: BuildParts, roots: Resources["roots"]): Promise<void> {
  await Promise.allSettled([...roots.values()].map(({ path }) => path));
  for (const { folder } of [...roots.values()].reverse()) await runtime.rootfs.unmount(folder);
}

interface Resources {
  readonly signal: AbortSignal;
  readonly lease: ReturnType<BuildParts["images"]["lease"]>;
  /** By layers: to be unmounted at the end. None is added once the signal is aborted. */
  readonly roots: Map<string, { readonly folder: string; readonly path: Promise<string> }>;
}

type PreparedBuild = Build & { readonly stages: Map<number, Promise<Stage>>; readonly outputs: StageOutput[] };

async function prepare(request: BuildRequest, options: BuildOptions, resources: Resources): Promise<PreparedBuild> {
  const { parts, host, folder } = options;
  const { signal, lease, roots } = resources;
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const context = await openContext(join(folder, "context"), request.context, {
    dockerfile: request.dockerfile,
    signal,
  });
  const dockerfile = parseDockerfile(context.dockerfile, request.dockerfile);
  const platformArgs = platformArgsOf(request.platform ?? hostPlatform(), hostPlatform(), request.target);
  const sources: ArgSources = { buildArgs: request.buildArgs, platformArgs, escapeMark: dockerfile.escapeMark };
  const globals = globalVariables(dockerfile, sources);
  const plan = planStages(dockerfile, request.target, globals);
  const newFolder = (): string => join(folder, randomId().slice(0, 12));
  const images = new Map<string, Promise<Snapshot>>();

  const image: Build["image"] = (name, onEvent, platform) => {
    const key = JSON.stringify([name, platform]);
    const known = images.get(key);
    if (known !== undefined) return known;
    const found = fetchImage(host, lease, request, { name, onEvent, platform, signal });
    found.catch(() => {});
    images.set(key, found);
    return found;
  };
  const rootOfSnapshot = async (snapshot: Snapshot): Promise<string> => {
    signal.throwIfAborted();
    const diffIds = diffIdsOf(snapshot);
    const known = roots.get(diffIds.join());
    if (known !== undefined) return await known.path;
    const rootFolder = newFolder();
    const path = prepareRootfs(parts.runtime, { folder: rootFolder, diffIds });
    roots.set(diffIds.join(), { folder: rootFolder, path });
    return await path;
  };
  const build: PreparedBuild = {
    parts,
    host,
    request,
    signal,
    folder,
    context,
    dockerfile,
    plan,
    args: { ...sources, globals },
    lease,
    usedArgs: new Set(dockerfile.globalArgs.flatMap(({ args }) => args.map(({ name }) => name))),
    newFolder,
    image,
    rootOfSnapshot,
    rootOf: async (source) => rootOfSnapshot(await snapshotOf(source)),
    stages: new Map(),
    outputs: [],
    stage: (index) => begunStage(build, index),
  };
  const snapshotOf = async (source: Source): Promise<Snapshot> => {
    switch (source.kind) {
      case "scratch":
        return scratchSnapshot();
      case "stage":
        return (await build.stage(source.index)).snapshot;
      case "image":
        return await image(source.name, () => {}, request.platform);
    }
  };
  return build;
}

async function fetchImage(
  host: BuildHost,
  lease: Resources["lease"],
  { isPullForced }: BuildRequest,
  wanted: {
    readonly name: string;
    readonly onEvent: (event: BuildEvent) => void;
    readonly platform: BuildRequest["platform"];
    readonly signal: AbortSignal;
  },
): Promise<Snapshot> {
  const { platform, ...rest } = wanted;
  const image = await host.baseImage({ ...rest, isPullForced, ...(platform === undefined ? {} : { platform }) });
  const snapshot = imageSnapshot(image);
  for (const { diffId, descriptor } of snapshot.layers) {
    lease.protect(diffId);
    lease.protect(descriptor.digest);
  }
  return snapshot;
}

/** All stages at once; each waits for those it stands on. The first failure ends the others. */
function startStages(
  build: PreparedBuild,
  abort: AbortController,
): {
  readonly outputs: readonly StageOutput[];
  readonly result: Promise<Snapshot>;
  readonly settled: Promise<unknown>;
} {
  const { plan } = build;
  let failure: { readonly error: unknown } | undefined;
  const all = plan.needed.map((index) =>
    build.stage(index).catch((error: unknown) => {
      // What fails after the first only fails because of it.
      failure ??= { error };
      abort.abort(new RuncibleError("aborted", "build image: another stage failed"));
    }),
  );
  // Stages begun late are waited for too: a step may have failed without waiting for them.
  const settled = Promise.all(all).then(() => Promise.allSettled(build.stages.values()));
  const result = settled.then(async () => {
    if (failure !== undefined) throw failure.error;
    return (await build.stage(plan.target)).snapshot;
  });
  result.catch(() => {});
  return { outputs: build.outputs, result, settled };
}

/** Stages that only a trigger of a base image turns out to need are begun late, and silently. */
function begunStage(build: PreparedBuild, index: number): Promise<Stage> {
  const begun = build.stages.get(index);
  if (begun !== undefined) return begun;
  const { plan, request } = build;
  const stagePlan = plan.stages[index];
  if (stagePlan === undefined) throw new RuncibleError("internal", `build image: there is no stage ${index}`);
  const labelsOf = (at: number): BuildRequest["labels"] => (at === plan.target ? request.labels : {});
  const lengths = plan.needed.map((at) => {
    const needed = plan.stages[at];
    return needed === undefined ? 0 : stepsOf(needed, labelsOf(at));
  });
  const position = plan.needed.indexOf(index);
  const first = 1 + lengths.slice(0, Math.max(position, 0)).reduce((sum, length) => sum + length, 0);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const output = new StageOutput();
  if (position >= 0) build.outputs[position] = output;
  const stage = runStage(build, stagePlan, output, { first, total, labels: labelsOf(index) }).finally(() =>
    output.end(),
  );
  stage.catch(() => {});
  build.stages.set(index, stage);
  if (position < 0) void drain(output);
  return stage;
}

async function drain(output: StageOutput): Promise<void> {
  for await (const _ of output.read()) {
    // Nobody looks at it.
  }
}

async function addImage(build: Build, snapshot: Snapshot): Promise<Digest> {
  const { images } = build.parts;
  const { tags } = build.request;
  if (snapshot.layers.length === 0 && (snapshot.config.history ?? []).length === 0) {
    throw new RuncibleError("invalid-argument", "No image was generated. Is your Dockerfile empty?");
  }
  // FROM alone: the base gets further names.
  const known = snapshot.id === undefined ? undefined : await images.find(snapshot.id);
  if (known !== undefined) {
    for (const tag of tags) await images.tag(known.id, tag);
    return known.id;
  }
  const layers = snapshot.layers.map(({ descriptor }) => descriptor);
  const image = await addNewImage(images, build.lease, { config: configBytes(snapshot.config), layers, tags });
  return image.id;
}

async function* closingEvents(build: Build, id: Digest): AsyncGenerator<BuildEvent> {
  const { request, usedArgs } = build;
  if (request.isQuiet) {
    yield { stream: `${id}\n` };
    return;
  }
  const unused = [...request.buildArgs.keys()].filter((name) => !usedArgs.has(name) && !proxyArgs.includes(name));
  if (unused.length > 0) {
    yield { stream: `[Warning] One or more build-args [${unused.sort().join(" ")}] were not consumed\n` };
  }
  yield { aux: { ID: id } };
  yield { stream: `Successfully built ${shortId(id)}\n` };
  for (const tag of request.tags) yield { stream: `Successfully tagged ${familiarName(parseReference(tag))}\n` };
}
