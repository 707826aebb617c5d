import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ImageBuildOptions, ImageInspectInfo } from "dockerode";
import type { EngineClient } from "../../client/client";
import { openFolderContext } from "../../client/folder-context";
import { registryAuthOf } from "../../wire/registry-auth";
import { registriesOf } from "../image/base-images";
import { buildWithBuildkit } from "../image/buildkit-build";
import { ensureImage, imageExists } from "../image/ensure-image";
import type { ImageName } from "../image/image-name";
import { withDockerodeErrors } from "./dockerode-errors";
import type { Runtime } from "./runtime";

/** Images by the Docker Engine API. */
export class ImageClient {
  readonly #engine: EngineClient;
  readonly #isOwnEngine: boolean;

  constructor({ engine, isOwnEngine }: Pick<Runtime, "engine" | "isOwnEngine">) {
    this.#engine = withDockerodeErrors(engine);
    this.#isOwnEngine = isOwnEngine;
  }

  /** Pulls if the image is missing, or always with `force`. */
  pull(
    imageName: ImageName,
    options: { force: boolean; platform?: string | undefined } = { force: false },
  ): Promise<void> {
    return ensureImage(this.#engine, imageName, options);
  }

  /** A folder's Dockerfile, with the options of `POST /build`. */
  async build(context: string, options: ImageBuildOptions): Promise<void> {
    const { t, dockerfile, buildargs, labels, nocache, pull, target, platform, version, ...further } = options;
    const { registryconfig: registries = {}, authconfig: _, abortSignal: signal, ...parameters } = further;
    const auths = Object.entries(registries).map(([host, auth]) => [host, registryAuthOf(auth) ?? {}] as const);
    const file = dockerfile === undefined ? undefined : join(context, dockerfile);
    const opened = await openFolderContext(context, file, process.cwd());
    const request = {
      context: opened.stream,
      dockerfile: opened.dockerfile,
      ...(t === undefined ? {} : { tags: [t] }),
      ...(buildargs === undefined ? {} : { buildArgs: buildargs }),
      ...(labels === undefined ? {} : { labels }),
      ...(target === undefined ? {} : { target }),
      ...(platform === undefined ? {} : { platform }),
      noCache: Boolean(nocache),
      pull: Boolean(pull),
      auths: new Map(auths),
      parameters: textsOf(parameters),
      ...(signal === undefined ? {} : { signal }),
    };
    if (version !== "2" || this.#isOwnEngine) {
      await this.#engine.build.image(request);
      return;
    }
    const text = await readFile(file ?? join(context, "Dockerfile"), "utf8");
    await buildWithBuildkit(this.#engine.endpoint, request, registriesOf(text, buildargs ?? {}));
  }

  async inspect(imageName: ImageName): Promise<ImageInspectInfo> {
    // The same JSON; dockerode's type has what Docker left out long ago.
    return (await this.#engine.images.inspect(imageName.string)) as unknown as ImageInspectInfo;
  }

  exists(imageName: ImageName): Promise<boolean> {
    return imageExists(this.#engine, imageName);
  }
}

/** As dockerode writes them into the address. */
function textsOf(parameters: object): Readonly<Record<string, string>> {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    given.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}
