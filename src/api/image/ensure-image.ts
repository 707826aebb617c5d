import type { EngineClient } from "../../client/client";
import { credentialsToPull } from "../../client/pull-credentials";
import { withContext } from "../../internal/error-context";
import { hasCode, RuncibleError } from "../../internal/errors";
import { matchesPlatform, parsePlatform } from "../../internal/platform";
import { credentialSources, isOffline } from "../config";
import { pullLog } from "../log";
import type { ImageName } from "./image-name";

/** Images seen, per daemon: they rarely go away, and a create tells when one did. */
const seen = new WeakMap<EngineClient, Set<string>>();

/** With a platform: whether the image that has the name is for it. */
export async function imageExists(engine: EngineClient, imageName: ImageName, platform?: string): Promise<boolean> {
  if (platform !== undefined) return await isOfPlatform(engine, imageName, platform);
  const names = seen.get(engine) ?? new Set();
  seen.set(engine, names);
  if (names.has(imageName.string)) return true;
  const exists = await engine.images.exists(imageName.string);
  if (exists) names.add(imageName.string);
  return exists;
}

/** Asked anew each time: a pull for another platform gives the name to another image. */
async function isOfPlatform({ images }: EngineClient, { string }: ImageName, platform: string): Promise<boolean> {
  const wanted = parsePlatform(platform);
  try {
    const { Os: os, Architecture: architecture } = await images.inspect(string);
    return matchesPlatform({ os, architecture }, wanted);
  } catch (error) {
    if (hasCode(error, "image-not-found")) return false;
    throw error;
  }
}

export interface EnsureOptions {
  readonly force: boolean;
  readonly platform?: string | undefined;
  /** Default: true. */
  readonly isPullAllowed?: boolean | undefined;
}

/**
 * Pulls the image if it is missing or is another platform's, or always with `force`. Throws what the registry said,
 * with the image's name, and `image-not-found` for one that must not be pulled.
 */
export async function ensureImage(
  engine: EngineClient,
  imageName: ImageName,
  { force, platform, isPullAllowed = true }: EnsureOptions,
): Promise<void> {
  const reason = isOffline() ? "RUNCIBLE_OFFLINE is set" : isPullAllowed ? undefined : "its pull policy says never";
  if ((!force || reason !== undefined) && (await imageExists(engine, imageName, platform))) return;
  if (reason !== undefined) throw mustNotBePulled(imageName, platform, reason);
  const { registry, image, tag, string } = imageName;
  const name = registry === undefined ? image : `${registry}/${image}`;
  try {
    const onProgress = ({ status, id }: { readonly status?: string; readonly id?: string }): void => {
      if (status !== undefined) pullLog.trace(id === undefined ? status : `${id}: ${status}`, { imageName: string });
    };
    const credentials = await credentialsToPull(engine.images, { name: string, registry }, credentialSources());
    await engine.images.pull({ name, tag, platform, onProgress, ...credentials });
  } catch (error) {
    throw withContext(error, `pull image ${string}${platform === undefined ? "" : ` for ${platform}`}`);
  }
}

function mustNotBePulled({ string }: ImageName, platform: string | undefined, reason: string): RuncibleError {
  const [wanted, flag] = platform === undefined ? ["", ""] : [` for ${platform}`, `--platform ${platform} `];
  return new RuncibleError(
    "image-not-found",
    `use image ${string}${wanted}: it is not here, and ${reason}; pull it first: npx runcible pull ${flag}${string}`,
  );
}
