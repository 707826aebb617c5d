import type { BuildHost } from "../../build/execute/build";
import type { BuildEvent } from "../../build/execute/build-event";
import { formatPlatform, type Platform } from "../../internal/platform";
import type { NetworkRequest, RunRequest } from "../../runtime/container";
import type { Image } from "../../runtime/image/manifest";
import { familiarName, parseReference } from "../../runtime/image/reference";
import { noSuchImage } from "../../wire/docker-errors";
import type { ContainerContext } from "../containers/context";
import { hostNames, sharedNetwork } from "../containers/run-request";
import type { BuildImageRequest } from "../routes/build-service";
import { sessionLabel } from "../state/container-record";
import type { BuildsOptions } from "./build-service";

/** What a build asks of the engine: base images, and networks as containers have them. */
export function createBuildHost(
  { context, images }: BuildsOptions,
  { auths, resources }: BuildImageRequest,
): BuildHost {
  return {
    baseImage: async ({ name, platform, isPullForced, signal, onEvent }) => {
      const known = isPullForced ? undefined : await context.images.find(name);
      if (known !== undefined && isFor(known, platform)) return withoutSession(known);
      const lines = images.pull({
        image: name,
        tag: "",
        auths,
        signal,
        ...(platform === undefined ? {} : { platform: formatPlatform(platform) }),
      });
      for await (const line of lines) onEvent(line as BuildEvent);
      const image = await context.images.find(name);
      if (image === undefined) throw noSuchImage(familiarName(parseReference(name)));
      return withoutSession(image);
    },
    onStarted: (run) => {
      const step = { run, memoryLimit: resources.memoryBytes ?? 0, startedAtMs: Date.now() };
      context.steps.add(step);
      const drop = (): boolean => context.steps.delete(step);
      run.exited.then(drop, drop);
    },
    network: (mode, hostname) => networkOf(context, mode, hostname),
    names: (hostname, extraHosts): RunRequest["names"] => ({
      hostname,
      domainname: "",
      ...hostNames(context, extraHosts, { hasNames: true }),
      search: [],
      resolverOptions: ["ndots:0"],
    }),
  };
}

/** That a base goes with a session says nothing of what is built on it. */
function withoutSession(image: Image): Image {
  const labels = image.config.config?.Labels;
  if (labels?.[sessionLabel] === undefined) return image;
  const { [sessionLabel]: _, ...Labels } = labels;
  return { ...image, config: { ...image.config, config: { ...image.config.config, Labels } } };
}

function isFor({ config }: Image, platform: Platform | undefined): boolean {
  if (platform === undefined) return true;
  return config.os === platform.os && config.architecture === platform.architecture;
}

async function networkOf(context: ContainerContext, mode: string, hostname: string): Promise<NetworkRequest> {
  if (mode === "host") return { kind: "host" };
  if (mode === "none") return { kind: "sandbox", endpoints: [], ports: [] };
  if (mode.startsWith("container:")) return sharedNetwork(context, mode.slice("container:".length));
  const { id } = context.networks.find(mode === "" ? "default" : mode);
  await context.networks.ready(id);
  return { kind: "sandbox", endpoints: [{ networkId: id, dnsNames: [hostname], gatewayPriority: 0 }], ports: [] };
}
