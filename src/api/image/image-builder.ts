import { parsePlatform } from "../../internal/platform";
import { checkedFlag, checkedText, checkedTextMap, checkedWith } from "../checks";
import { baseLabels } from "../labels";
import { onLivingEngine } from "../runtime/runtime";
import { sessionLabel } from "../runtime/session-label";
import { RandomUuid, type Uuid } from "../uuid";
import { buildImage } from "./build-image";
import { checkedImage, ImageName } from "./image-name";
import { type ImagePullPolicy, PullPolicy } from "./pull-policy";

export type BuildOptions = {
  /** Whether the image goes when this process ends. */
  deleteOnExit: boolean;
};

/** How an image is to be built from a Dockerfile, and the build. */
export abstract class ImageBuilder {
  readonly #context: string;
  readonly #dockerfileName: string;
  readonly #uuid: Uuid;
  #buildArgs: { [name: string]: string } = {};
  #pullPolicy: ImagePullPolicy = PullPolicy.defaultPolicy();
  #isCacheUsed = true;
  #isBuildkit = false;
  #platform: string | undefined;
  #target: string | undefined;

  /** `dockerfileName`: path in the context. */
  constructor(context: string, dockerfileName: string, uuid: Uuid = new RandomUuid()) {
    this.#context = checkedText(context, "the build context");
    this.#dockerfileName = checkedText(dockerfileName, "the Dockerfile's name");
    this.#uuid = uuid;
  }

  /** Values of ARG. Replaces earlier ones. */
  withBuildArgs(buildArgs: { [name: string]: string }): this {
    this.#buildArgs = checkedTextMap(buildArgs, "the build arguments");
    return this;
  }

  /** Whether base images are pulled although they are there. Default: no. */
  withPullPolicy(pullPolicy: ImagePullPolicy): this {
    this.#pullPolicy = checkedWith(pullPolicy, ["shouldPull"], "the pull policy");
    return this;
  }

  /** Whether steps of earlier builds are used again. Default: true. */
  withCache(cache: boolean): this {
    this.#isCacheUsed = checkedFlag(cache, "the use of the cache");
    return this;
  }

  /**
   * Build with the BuildKit of a foreign daemon. Of our own engine's builder, which has its features, nothing changes.
   */
  withBuildkit(): this {
    this.#isBuildkit = true;
    return this;
  }

  /** Of the base images: `os/arch[/variant]`. Default: that of the daemon. */
  withPlatform(platform: string): this {
    parsePlatform(checkedText(platform, "the platform"));
    this.#platform = platform;
    return this;
  }

  /** The stage to build. Default: the last one. */
  withTarget(target: string): this {
    this.#target = checkedText(target, "the target");
    return this;
  }

  /** Resolves to the image's name when it is there. */
  protected async buildImage(
    image = `localhost/${this.#uuid.nextUuid()}:${this.#uuid.nextUuid()}`,
    { deleteOnExit }: BuildOptions = { deleteOnExit: true },
  ): Promise<string> {
    const imageName = ImageName.fromString(checkedImage(image, "the name of the image to build"));
    await onLivingEngine(async (runtime) => {
      const session = deleteOnExit ? await sessionLabel(runtime) : {};
      await buildImage(runtime, {
        contextFolder: this.#context,
        dockerfile: this.#dockerfileName,
        imageName,
        buildArgs: this.#buildArgs,
        labels: { ...baseLabels(runtime.version), ...session },
        target: this.#target,
        platform: this.#platform,
        isCacheUsed: this.#isCacheUsed,
        isPullForced: this.#pullPolicy.shouldPull(),
        isPullAllowed: this.#pullPolicy.mayPull?.() ?? true,
        isBuildkit: this.#isBuildkit,
      });
    });
    return image;
  }
}
