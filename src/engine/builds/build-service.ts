import { existsSync, renameSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { BuildParts } from "../../build/execute/build";
import type * as buildImageModule from "../../build/execute/build-image";
import { isRuncibleError, messageOf, RuncibleError } from "../../internal/errors";
import { randomId } from "../../internal/ids";
import { parsePlatform } from "../../internal/platform";
import { removeTree } from "../../internal/remove-tree";
import { canonicalName, familiarName, parseReference } from "../../runtime/image/reference";
import { withPrefix } from "../../wire/docker-errors";
import type { Filters } from "../../wire/filters";
import { type ProgressLine, progressError } from "../../wire/progress";
import type { ContainerContext } from "../containers/context";
import { publishPrune } from "../events/publish-prune";
import type { BuildImageRequest, BuildService } from "../routes/build-service";
import type { ImageService } from "../routes/image-service";
import { createBuildHost } from "./build-host";
import { type CacheSelection, selectCache } from "./cache-selection";

export interface BuildsOptions {
  readonly context: ContainerContext;
  readonly parts: BuildParts;
  readonly images: Pick<ImageService, "pull"> & { collectGarbage(): Promise<number> };
  /** Of the builds under way; what an earlier engine left in it goes now. */
  readonly folder: string;
}

/** `BuildService` on the builder. */
export async function openBuilds(options: BuildsOptions): Promise<BuildService> {
  const { parts, images, folder } = options;
  await removeTree(folder);
  await mkdir(folder, { recursive: true, mode: 0o711 });
  return {
    build: (request) => buildLines(options, request),
    steps: () => parts.cache.steps().map((step) => ({ ...step, isInUse: false })),
    prune: async ({ filters, keepBytes }) => {
      const { takesStep, takesMounts } = selection(filters);
      const removed = await parts.cache.prune({ takesStep, keepBytes });
      if (takesMounts && keepBytes === 0) await removeCacheMounts(parts.cacheMounts);
      const reclaimedBytes = await images.collectGarbage();
      publishPrune(options.context.events, "builder", reclaimedBytes);
      return { removed, reclaimedBytes };
    },
  };
}

function selection(filters: Filters): CacheSelection {
  try {
    return selectCache(filters, Date.now());
  } catch (error) {
    throw withPrefix("failed to prune build cache", error);
  }
}

async function removeCacheMounts({ folder, inUse }: BuildParts["cacheMounts"]): Promise<void> {
  for (const name of await readdir(folder)) {
    // Gone: by a prune beside this one.
    if (inUse.includes(name) || !existsSync(join(folder, name))) continue;
    // In the same turn as the look at who uses it: a step that claims it from now on finds none, and makes one.
    const removed = join(folder, `removed-${randomId().slice(0, 12)}`);
    renameSync(join(folder, name), removed);
    await removeTree(removed);
  }
}

async function* buildLines(options: BuildsOptions, request: BuildImageRequest): AsyncGenerator<ProgressLine> {
  const { context, parts, folder } = options;
  const tags = request.tags.map(tagOf);
  const { resources, platform, ...rest } = request;
  let hasBegun = false;
  // A quarter of what an engine would load to start, and most engines build nothing.
  const { buildImage } = require("../../build/execute/build-image") as typeof buildImageModule;
  const lines = buildImage(
    {
      ...rest,
      tags: tags.map(canonicalName),
      buildArgs: new Map(Object.entries(request.buildArgs)),
      limits: resources,
      ulimits: resources.ulimits,
      ...(resources.shmSizeBytes === undefined ? {} : { shmSizeBytes: resources.shmSizeBytes }),
      ...platformPart(platform),
    },
    {
      parts,
      host: createBuildHost(options, request),
      folder: join(folder, randomId().slice(0, 16)),
      onBegun: () => {
        hasBegun = true;
      },
      onBuilt: (id) => {
        for (const tag of tags) {
          context.events.publish({ type: "image", action: "tag", id, attributes: { name: familiarName(tag) } });
        }
      },
    },
  );
  try {
    yield* lines;
  } catch (error) {
    if (!hasBegun) throw error;
    yield failureLine(error);
  }
}

function platformPart(platform: string | undefined): { readonly platform?: ReturnType<typeof parsePlatform> } {
  return platform === undefined ? {} : { platform: parsePlatform(platform) };
}

function tagOf(text: string): ReturnType<typeof parseReference> {
  const reference = parseReference(text);
  if (reference.digest === undefined) return reference;
  throw new RuncibleError("invalid-argument", `build image: "${text}" has a digest; a tag is wanted`);
}

/** A command's exit code is that of the docker CLI. */
function failureLine(error: unknown): ProgressLine {
  const { code = "internal", evidence = {} } = isRuncibleError(error) ? error : {};
  const exitCode = evidence["exitCode"];
  const line = progressError(messageOf(error), typeof exitCode === "number" ? exitCode : undefined);
  return { ...line, errorCode: code, errorEvidence: evidence };
}
