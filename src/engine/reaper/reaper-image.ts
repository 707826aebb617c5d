import { hasCode } from "../../internal/errors";
import { buildHostImage } from "../../runtime/image/host-image";
import type { ImageStore } from "../../runtime/image/image-store";
import { canonicalName, parseReference } from "../../runtime/image/reference";
import type { LayerStore } from "../../runtime/layer/layer-store";

export interface ReaperStores {
  readonly images: ImageStore;
  readonly runtime: { readonly layers: LayerStore };
}

/**
 * The image by which every Testcontainers library starts its reaper, from Docker's registry or from a mirror under a
 * prefix. A container of it is stood in for by the engine, so that no registry is needed; the image has no program.
 */
export function isReaperName(name: string): boolean {
  try {
    return /(^|\/)testcontainers\/ryuk$/.test(parseReference(name).path);
  } catch (error) {
    if (hasCode(error, "invalid-reference")) return false;
    throw error;
  }
}

/** Makes the image unless it is there; whether it is this image at all. */
export async function provideReaperImage({ images, runtime }: ReaperStores, name: string): Promise<boolean> {
  if (!isReaperName(name)) return false;
  if ((await images.find(name)) === undefined) {
    await buildHostImage(images, runtime.layers, {
      executables: [],
      paths: [],
      tag: canonicalName(parseReference(name)),
      config: { Cmd: ["/bin/ryuk"], ExposedPorts: { "8080/tcp": {} } },
      signal: new AbortController().signal,
    });
  }
  return true;
}
