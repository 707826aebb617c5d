import type { EngineClient } from "../../client/client";
import type { ImageInspect } from "../../wire/image";
import { ensureImage, imageExists } from "../image/ensure-image";
import type { ImageName } from "../image/image-name";

/** Images by the Docker Engine API. */
export class ImageClient {
  readonly #engine: EngineClient;

  constructor(engine: EngineClient) {
    this.#engine = engine;
  }

  /** Pulls if the image is missing, or always with `force`. */
  pull(
    imageName: ImageName,
    options: { force: boolean; platform?: string | undefined } = { force: false },
  ): Promise<void> {
    return ensureImage(this.#engine, imageName, options);
  }

  inspect(imageName: ImageName): Promise<ImageInspect> {
    return this.#engine.images.inspect(imageName.string);
  }

  exists(imageName: ImageName): Promise<boolean> {
    return imageExists(this.#engine, imageName);
  }
}
