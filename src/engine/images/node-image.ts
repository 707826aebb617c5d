import { hasCode, RuncibleError } from "../../internal/errors";
import { buildHostImage } from "../../runtime/image/host-image";
import type { ImageStore } from "../../runtime/image/image-store";
import { canonicalName, type ImageReference, parseReference } from "../../runtime/image/reference";
import type { LayerStore } from "../../runtime/layer/layer-store";

export interface NodeImageStores {
  readonly images: ImageStore;
  readonly layers: LayerStore;
}

const version = process.versions.node;

/**
 * `host/node`: this machine's Node, for containers without any registry. Makes the image unless it is there; whether it
 * is this image at all. A tag is a version or its beginning. Throws `image-not-found` for a version that is not here.
 */
export async function provideNodeImage({ images, layers }: NodeImageStores, name: string): Promise<boolean> {
  const reference = nodeReference(name);
  if (reference?.tag === undefined) return false;
  // Whatever its tag, somebody made it.
  if ((await images.find(name)) !== undefined) return true;
  if (reference.tag !== "latest" && !`${version}.`.startsWith(`${reference.tag}.`)) {
    const message = `No such image: ${name}: the engine's own Node is ${version}; use host/node:${version}`;
    throw new RuncibleError("image-not-found", message);
  }
  await buildHostImage(images, layers, {
    executables: [process.execPath],
    paths: [],
    tag: canonicalName(reference),
    config: { Cmd: ["node"] },
    signal: new AbortController().signal,
  });
  return true;
}

function nodeReference(name: string): ImageReference | undefined {
  try {
    const reference = parseReference(name);
    return reference.domain === "docker.io" && reference.path === "host/node" ? reference : undefined;
  } catch (error) {
    if (hasCode(error, "invalid-reference")) return undefined;
    throw error;
  }
}
