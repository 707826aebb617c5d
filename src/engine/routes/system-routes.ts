import { hasCode, RuncibleError } from "../../internal/errors";
import { noFilters } from "../../wire/filters";
import { registryAuthOf } from "../../wire/registry-auth";
import { apiVersion, formatVersion } from "../../wire/versions";
import { errorReply } from "../http/error-reply";
import { json, type Reply } from "../http/reply";
import type { EngineRequest, Route } from "../http/request";
import type { BuildService } from "./build-service";
import type { ContainerService } from "./container-service";
import { encodeDiskUsage } from "./encode-disk-usage";
import { encodeInfo, encodeVersion } from "./encode-info";
import type { ImageService } from "./image-service";
import type { SystemService } from "./system-service";
import type { VolumeService } from "./volume-service";

/** What the facts about the whole engine are made of. */
export interface SystemRouteServices {
  readonly system: SystemService;
  readonly containers: Pick<ContainerService, "list">;
  readonly images: Pick<ImageService, "list" | "checkLogin">;
  readonly volumes: Pick<VolumeService, "usage">;
  readonly builds: Pick<BuildService, "steps">;
}

export function systemRoutes(services: SystemRouteServices): readonly Route[] {
  return [
    { method: "GET", pattern: "/_ping", handler: ping },
    { method: "GET", pattern: "/info", handler: () => info(services) },
    { method: "GET", pattern: "/version", handler: () => version(services) },
    { method: "POST", pattern: "/auth", handler: (request) => checkLogin(services, request) },
    { method: "GET", pattern: "/system/df", handler: (request) => diskUsage(services, request) },
  ];
}

/** `Builder-Version: 1`: the classic builder, no BuildKit. */
function ping(): Reply {
  const headers = {
    "Api-Version": formatVersion(apiVersion),
    "Builder-Version": "1",
    Swarm: "inactive",
    "Cache-Control": "no-cache, no-store, must-revalidate",
    Pragma: "no-cache",
    "Content-Type": "text/plain; charset=utf-8",
  };
  return { kind: "text", status: 200, body: "OK", headers };
}

async function info({ system, containers, images }: SystemRouteServices): Promise<Reply> {
  const [facts, views, stored] = await Promise.all([
    system.info(),
    containers.list({ size: false }),
    images.list({ all: false, filters: noFilters }),
  ]);
  const counts = { statuses: views.map(({ state }) => state.status), images: stored.length };
  return json(encodeInfo(facts, system.identity, counts));
}

async function version({ system }: SystemRouteServices): Promise<Reply> {
  return json(encodeVersion(await system.info(), system.identity));
}

async function checkLogin({ images }: SystemRouteServices, request: EngineRequest): Promise<Reply> {
  const auth = registryAuthOf(await request.json());
  if (auth === undefined) throw new RuncibleError("invalid-argument", "check login: the body has no credentials");
  try {
    const { identityToken } = await images.checkLogin(auth, request.signal);
    return json({ IdentityToken: identityToken, Status: "Login Succeeded" });
  } catch (error) {
    if (hasCode(error, "registry-unauthorized")) return errorReply(error, 401);
    throw error;
  }
}

async function diskUsage(services: SystemRouteServices, request: EngineRequest): Promise<Reply> {
  const [layerSizes, images, containers, volumes] = await Promise.all([
    services.system.layerSizes(),
    services.images.list({ all: true, filters: noFilters }),
    services.containers.list({ size: true }),
    services.volumes.usage(),
  ]);
  const usage = { layerSizes, images, containers, volumes, buildCache: services.builds.steps() };
  return json(encodeDiskUsage(usage, request.apiVersion, Date.now()));
}
