import { RuncibleError } from "../../internal/errors";
import { encodePathStat } from "../../wire/path-stat";
import { decodeBoolean } from "../../wire/query-values";
import { empty, type Reply } from "../http/reply";
import { type EngineRequest, param, type Route } from "../http/request";
import type { ArchiveService } from "./archive-service";

const statHeader = "X-Docker-Container-Path-Stat";

/** Files in and out of containers. */
export function archiveRoutes(archives: ArchiveService): readonly Route[] {
  const pattern = "/containers/:id/archive";
  return [
    { method: "HEAD", pattern, handler: (request) => stat(archives, request) },
    { method: "GET", pattern, handler: (request) => read(archives, request) },
    { method: "PUT", pattern, handler: (request) => write(archives, request) },
  ];
}

async function stat(archives: ArchiveService, request: EngineRequest): Promise<Reply> {
  const found = await archives.stat(param(request, "id"), pathOf(request));
  return empty(200, { [statHeader]: encodePathStat(found) });
}

async function read(archives: ArchiveService, request: EngineRequest): Promise<Reply> {
  const { stat, tar } = await archives.read(param(request, "id"), pathOf(request), request.signal);
  const headers = { "Content-Type": "application/x-tar", [statHeader]: encodePathStat(stat) };
  return { kind: "bytes", headers, source: tar };
}

async function write(archives: ArchiveService, request: EngineRequest): Promise<Reply> {
  const { query, body, signal } = request;
  await archives.write(param(request, "id"), pathOf(request), body, {
    noOverwriteDirNonDir: decodeBoolean(query.get("noOverwriteDirNonDir")),
    copyOwner: decodeBoolean(query.get("copyUIDGID")),
    signal,
  });
  return empty(200);
}

function pathOf({ query }: EngineRequest): string {
  const path = query.get("path");
  if (!path) throw new RuncibleError("invalid-argument", "bad parameter: path cannot be empty");
  return path.startsWith("/") ? path : `/${path}`;
}
