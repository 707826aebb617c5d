import { resolve } from "node:path";
import { withContext } from "../../internal/error-context";
import { RuncibleError } from "../../internal/errors";
import { checkedObject, checkedTexts } from "../checks";
import { baseLabels } from "../labels";
import { onLivingEngine, type Runtime } from "../runtime/runtime";
import { sessionLabel } from "../runtime/session-label";
import { randomUuid } from "../uuid";
import { checkedImage, ImageName } from "./image-name";

/** What an image of programs of this machine has. */
export type HostImageOptions = {
  /** Names on the usual PATH, or paths. With them come the libraries that they need. */
  executables: string[];
  /** Files and folders that come along as they are, at the same place. Default: none. */
  paths?: string[];
};

/** Resolves to the image's name; it goes when this process ends. Default: a random one. Throws as `buildHostImage`. */
export async function makeHostImage(options: HostImageOptions, image?: string): Promise<string> {
  const { executables, paths } = checkedObject(options, "the options of an image of programs");
  checkedTexts(executables, "the programs");
  if (paths !== undefined) checkedTexts(paths, "the paths beside the programs");
  const name = checkedImage(image ?? `localhost/${randomUuid()}:${randomUuid()}`, "the name of the image to make");
  await onLivingEngine(async (runtime) => {
    const labels = { ...baseLabels(runtime.version), ...(await sessionLabel(runtime)) };
    await buildHostImage(runtime, ImageName.fromString(name), { ...options, labels });
  });
  return name;
}

/**
 * Makes an image of programs of the engine's machine. Throws `tool-missing` for a program and `path-not-found` for a
 * path that is not there, `not-implemented` on a daemon that is not our engine.
 */
async function buildHostImage(
  { engine, capabilities }: Runtime,
  imageName: ImageName,
  options: HostImageOptions & { readonly labels: Readonly<Record<string, string>> },
): Promise<void> {
  const { executables, paths = [], labels } = options;
  if (!capabilities.has("host-images")) {
    const message = "make an image of this machine's programs: only Runcible's engine can; use fromDockerfile";
    throw new RuncibleError("not-implemented", message);
  }
  try {
    await engine.images.buildHostImage({
      Name: imageName.string,
      Executables: executables.map((program) => (program.includes("/") ? resolve(program) : program)),
      Paths: paths.map((path) => resolve(path)),
      Config: { Labels: labels },
    });
  } catch (error) {
    throw withContext(error, `make image ${imageName.string} of ${executables.join(", ")}`);
  }
}
