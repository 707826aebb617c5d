import type { EngineClient } from "../../client/client";
import { findCredentials } from "../../client/registry-credentials";
import { withContext } from "../../internal/error-context";
import { hasCode } from "../../internal/errors";
import { matchesPlatform, parsePlatform } from "../../internal/platform";
import { credentialSources } from "../config";
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

/**
 * Pulls the image if it is missing or is another platform's, or always with `force`. Throws what the registry said, with
 * the image's name.
 */
export async function ensureImage(
  engine: EngineClient,
  imageName: ImageName,
  { force, platform }: { readonly force: boolean; readonly platform?: string | undefined },
): Promise<void> {
  if (!force && (await imageExists(engine, imageName, platform))) return;
  const { registry, image, tag, string } = imageName;
  const auth = await findCredentials(registry, credentialSources());
  const name = registry === undefined ? image : `${registry}/${image}`;
  try {
    await engine.images.pull({ name, tag, platform, ...(auth === undefined ? {} : { auth }) });
  } catch (error) {
    throw withContext(error, `pull image ${string}${platform === undefined ? "" : ` for ${platform}`}`);
  }
}
