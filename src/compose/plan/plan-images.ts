import { RuncibleError } from "../../internal/errors";
import type { Project, Service } from "../model/project";
import { imageOf } from "./container-names";
import type { BuildImage, Operation, PullImage } from "./operation";

export interface ImageOptions {
  /** Build also what is there. */
  readonly build?: boolean;
  /** Over what the services say. Default: their own `pull_policy`. */
  readonly pull?: "always" | "missing" | "never" | undefined;
}

export interface ImageStep extends Operation {
  readonly action: PullImage | BuildImage;
  /** There is such an image already, and it is to be replaced by a newer one. */
  readonly isRefresh: boolean;
}

/**
 * What must be pulled or built for the services: one step per image, none waiting for another. Throws `image-not-found`
 * when an image is not there and must not be pulled.
 */
export function planImages(
  project: Project,
  services: readonly string[],
  images: ReadonlyMap<string, string>,
  options: ImageOptions = {},
): readonly ImageStep[] {
  const steps = new Map<string, ImageStep>();
  for (const name of services) {
    const service = project.services[name];
    if (service === undefined) continue;
    const image = imageOf(project, name);
    const isThere = images.has(image);
    const action = actionFor({ name, service, image, isThere, options });
    const id = imageStepId(image);
    // A build by one service is what another service means that only names the image.
    if (action === undefined || steps.get(id)?.action.kind === "build-image") continue;
    if (steps.has(id) && action.kind !== "build-image") continue;
    steps.set(id, { id, after: [], action, isRefresh: isThere });
  }
  return [...steps.values()];
}

export function imageStepId(image: string): string {
  return `image ${image}`;
}

interface Case {
  readonly name: string;
  readonly service: Service;
  readonly image: string;
  readonly isThere: boolean;
  readonly options: ImageOptions;
}

function actionFor({ name, service, image, isThere, options }: Case): PullImage | BuildImage | undefined {
  const policy = options.pull ?? service.pull_policy ?? "missing";
  const platform = service.platform === undefined ? {} : { platform: service.platform };
  const { build } = service;
  if (build !== undefined && (!isThere || options.build || policy === "build")) {
    const isPullForced = options.pull === "always" || build.pull === true;
    return { kind: "build-image", service: name, image, build, isPullForced, ...platform };
  }
  if (build !== undefined) return undefined;
  if (isThere && policy !== "always") return undefined;
  if (policy !== "never") return { kind: "pull-image", service: name, image, ...platform };
  throw new RuncibleError(
    "image-not-found",
    `start service ${name}: its image ${image} is not there, and its pull policy is never; pull or load it`,
  );
}
