import { RuncibleError } from "../../internal/errors";
import { decodeFilters } from "../../wire/filters";
import { json, type Reply } from "../http/reply";
import type { EngineRequest, Route } from "../http/request";
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
    { method: "POST", pattern: "/build/prune", handler: (request) => prune(builds, request) },
  ];
}

async function prune(builds: BuildService, { query }: EngineRequest): Promise<Reply> {
  const filters = decodeFilters(query.get("filters"));
  const keepBytes = decodeKeepStorage(query.get("keep-storage"));
  const { removed, reclaimedBytes } = await builds.prune({ filters, keepBytes });
  return json({ CachesDeleted: removed.length === 0 ? null : removed, SpaceReclaimed: reclaimedBytes });
}

/** Bytes; none and 0 are the same. */
function decodeKeepStorage(text: string | null): number {
  if (text === null || text === "") return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new RuncibleError("invalid-argument", `keep-storage is in bytes and expects an integer, got ${text}`);
}
