import { json, type Reply } from "../http/reply";
import type { Route } from "../http/request";
import type { BuildService } from "./build-service";
import { decodeBuild } from "./decode-build";

/** Builds from Dockerfiles. An image of a container is made by `POST /commit`, in container-routes.ts. */
export function buildRoutes(builds: BuildService): readonly Route[] {
  return [
    {
      method: "POST",
      pattern: "/build",
      handler: (request) => ({ kind: "progress", lines: builds.build(decodeBuild(request)) }),
    },
    { method: "POST", pattern: "/build/prune", handler: () => prune(builds) },
  ];
}

async function prune(builds: BuildService): Promise<Reply> {
  const { removed, reclaimedBytes } = await builds.prune();
  return json({ CachesDeleted: removed.length === 0 ? null : removed, SpaceReclaimed: reclaimedBytes });
}
