import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BuildImageRequest } from "../../client/build";
import { openFolderContext } from "../../client/folder-context";
import { credentialsToBuild } from "../../client/pull-credentials";
import { withContext } from "../../internal/error-context";
import { credentialSources, isOffline } from "../config";
import { buildLog } from "../log";
import type { Runtime } from "../runtime/runtime";
import { baseImages, registriesOf } from "./base-images";
import { buildWithBuildkit } from "./buildkit-build";
import { ensureImage } from "./ensure-image";
import type { ImageName } from "./image-name";

export interface ImageBuild {
  readonly contextFolder: string;
  /** Path in the context. */
  readonly dockerfile: string;
  readonly imageName: ImageName;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target: string | undefined;
  readonly platform: string | undefined;
  readonly isCacheUsed: boolean;
  readonly isPullForced: boolean;
  readonly isPullAllowed: boolean;
  /** Of a foreign daemon: its BuildKit. Our own builder knows today's instructions either way. */
  readonly isBuildkit: boolean;
}

/**
 * Builds from a folder. Throws `build-step-failed` with the instruction, its exit code and its last output as evidence,
 * `path-not-found` for a missing Dockerfile, and whatever the daemon says of the rest.
 */
export async function buildImage({ engine, isOwnEngine }: Runtime, build: ImageBuild): Promise<void> {
  const { contextFolder, imageName, buildArgs, target, platform } = build;
  const file = join(contextFolder, build.dockerfile);
  try {
    const { stream: context, dockerfile } = await openFolderContext(contextFolder, file, process.cwd());
    const dockerfileText = await readFile(file, "utf8");
    const bases = baseImages(dockerfileText, buildArgs);
    // What must not be pulled is refused here, by name.
    const isPullAllowed = build.isPullAllowed && !isOffline();
    if (!isPullAllowed) for (const base of bases) await ensureImage(engine, base, { force: false, isPullAllowed });
    const toPull = bases.map(({ string: name, registry }) => ({ name, registry }));
    const auths = await credentialsToBuild(engine.images, toPull, credentialSources());
    const request: BuildImageRequest = {
      context,
      dockerfile,
      tags: [imageName.string],
      buildArgs,
      labels: build.labels,
      auths,
      noCache: !build.isCacheUsed,
      pull: build.isPullForced && isPullAllowed,
      ...(target === undefined ? {} : { target }),
      ...(platform === undefined ? {} : { platform }),
      onProgress: ({ stream }) => {
        if (stream !== undefined && stream.trim() !== "")
          buildLog.trace(stream.trim(), { imageName: imageName.string });
      },
    };
    const registries = registriesOf(dockerfileText, buildArgs);
    if (build.isBuildkit && !isOwnEngine) await buildWithBuildkit(engine.endpoint, request, registries);
    else await engine.build.image(request);
  } catch (error) {
    throw withContext(error, `build image ${imageName.string} from ${contextFolder}`);
  }
}
