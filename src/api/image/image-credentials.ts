import type { EngineClient } from "../../client/client";
import { credentialsToPull, type PullCredentials } from "../../client/pull-credentials";
import { credentialSources } from "../config";
import { ImageName } from "./image-name";

/** What is known of the registries that a daemon may ask for an image. */
export function imageCredentials({ images }: EngineClient): (image: string) => Promise<PullCredentials> {
  return (image) =>
    credentialsToPull(images, { name: image, registry: ImageName.fromString(image).registry }, credentialSources());
}
