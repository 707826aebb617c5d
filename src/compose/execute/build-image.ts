import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { baseNames } from "../../build/dockerfile/base-names";
import type { EngineClient } from "../../client/client";
import { type FolderContext, openContextWith, openFolderContext } from "../../client/folder-context";
import { credentialsToBuild } from "../../client/pull-credentials";
import { type CredentialSources, registryOf } from "../../client/registry-credentials";
import { RuncibleError } from "../../internal/errors";
import { isAddress } from "../load/paths";
import type { BuildImage } from "../plan/operation";
import { textMap } from "../plan/text-map";

/** A build as the executor asks for it. */
export interface ImageBuildRequest {
  readonly contextFolder: string;
  /** Relative to the context, or absolute outside it. */
  readonly dockerfile: string;
  /** In place of the file. */
  readonly dockerfileText?: string;
  readonly args: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly tags: readonly string[];
  readonly platform?: string;
  readonly network?: string;
  readonly noCache: boolean;
  readonly isPullForced: boolean;
  readonly extraHosts: readonly string[];
  readonly shmSizeBytes?: number;
}

/** Makes an image; what it says on the way goes to `onLine`. */
export type ImageBuilder = (
  request: ImageBuildRequest,
  onLine: (text: string) => void,
  signal: AbortSignal,
) => Promise<void>;

/**
 * Builds on the daemon, which gets the context as an archive, and what `sources` know of the registries of base images.
 */
export function clientImageBuilder(
  client: Pick<EngineClient, "build" | "images">,
  sources?: CredentialSources,
): ImageBuilder {
  return async (request, onLine, signal) => {
    const { contextFolder, args, noCache, isPullForced, dockerfileText: _text, dockerfile: _file, ...rest } = request;
    const { stream, dockerfile, text } = await contextOf(request);
    const bases = baseNames(text, args).map((name) => ({ name, registry: registryOf(name) }));
    const auths = sources && (await credentialsToBuild(client.images, bases, sources));
    await client.build.image({
      ...rest,
      context: stream,
      dockerfile,
      buildArgs: args,
      ...(auths === undefined ? {} : { auths }),
      noCache,
      pull: isPullForced,
      signal,
      onProgress: ({ stream: text, status }) => {
        const line = (text ?? status ?? "").trimEnd();
        if (line !== "") onLine(line);
      },
    });
  };
}

async function contextOf({ contextFolder, dockerfile, dockerfileText }: ImageBuildRequest): Promise<FolderContext> {
  if (dockerfileText !== undefined) return openContextWith(contextFolder, dockerfileText);
  return openFolderContext(contextFolder, resolve(contextFolder, dockerfile), contextFolder);
}

/** Throws `compose-file-missing` when the context or the Dockerfile lacks. */
export async function buildRequestOf(
  { service, image, build, platform, isPullForced }: BuildImage,
  lookup: (name: string) => string | undefined,
): Promise<ImageBuildRequest> {
  const { context, dockerfile = "Dockerfile", dockerfile_inline } = build;
  if (isAddress(context)) {
    throw new RuncibleError(
      "not-implemented",
      `build ${service}: the context ${context} is no folder; check it out first`,
    );
  }
  if (build.additional_contexts !== undefined) {
    throw new RuncibleError("not-implemented", `build ${service}: additional_contexts are not supported; copy them in`);
  }
  await mustBe(context, "isDirectory", `build ${service}: the context ${context} is no folder`);
  if (dockerfile_inline === undefined) {
    const path = resolve(context, dockerfile);
    await mustBe(path, "isFile", `build ${service}: there is no ${join(path)}`);
  }
  const args = Object.entries(build.args ?? {}).flatMap(([name, value]): [string, string][] => {
    const text = value === null ? lookup(name) : String(value);
    return text === undefined ? [] : [[name, text]];
  });
  const hosts = Object.entries(build.extra_hosts ?? {});
  return {
    contextFolder: context,
    dockerfile,
    ...(dockerfile_inline === undefined ? {} : { dockerfileText: dockerfile_inline }),
    args: Object.fromEntries(args),
    labels: textMap(build.labels),
    ...(build.target === undefined ? {} : { target: build.target }),
    tags: [image, ...(build.tags ?? [])],
    ...(platform === undefined ? {} : { platform }),
    ...(build.network === undefined ? {} : { network: build.network }),
    noCache: build.no_cache ?? false,
    isPullForced,
    extraHosts: hosts.flatMap(([host, addresses]) => addresses.map((address) => `${host}:${address}`)),
    ...(build.shm_size === undefined ? {} : { shmSizeBytes: build.shm_size }),
  };
}

async function mustBe(path: string, kind: "isDirectory" | "isFile", message: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.[kind]()) throw new RuncibleError("compose-file-missing", message, { evidence: { path } });
}
