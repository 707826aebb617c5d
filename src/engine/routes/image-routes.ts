import { RuncibleError } from "../../internal/errors";
import { decodeFilters } from "../../wire/filters";
import { decodeBoolean } from "../../wire/query-values";
import { defined } from "../http/json-fields";
import { empty, json, type Reply } from "../http/reply";
import { type EngineRequest, param, type Route } from "../http/request";
import { decodeAuth, decodeAuths } from "./decode-auths";
import { encodeHistory, encodeImage, encodeImageSummary, encodeRemoval } from "./encode-image";
import type { ImageService } from "./image-service";

/** Images. Names may contain slashes, so the routes with a suffix come before those without. */
export function imageRoutes(images: ImageService): readonly Route[] {
  return [
    { method: "GET", pattern: "/images/json", handler: (request) => list(images, request) },
    { method: "POST", pattern: "/images/create", handler: (request) => create(images, request) },
    { method: "POST", pattern: "/images/load", handler: (request) => load(images, request) },
    { method: "POST", pattern: "/images/prune", handler: (request) => prune(images, request) },
    { method: "GET", pattern: "/images/get", handler: (request) => save(images, request) },
    { method: "GET", pattern: "/images/search", handler: refuseSearch },
    { method: "GET", pattern: "/images/:name*/json", handler: (request) => inspect(images, request) },
    { method: "GET", pattern: "/images/:name*/history", handler: (request) => history(images, request) },
    { method: "GET", pattern: "/images/:name*/get", handler: (request) => save(images, request) },
    { method: "POST", pattern: "/images/:name*/tag", handler: (request) => tag(images, request) },
    { method: "POST", pattern: "/images/:name*/push", handler: (request) => push(images, request) },
    { method: "DELETE", pattern: "/images/:name*", handler: (request) => remove(images, request) },
    { method: "GET", pattern: "/distribution/:name*/json", handler: (request) => describe(images, request) },
  ];
}

async function list(images: ImageService, { query, apiVersion }: EngineRequest): Promise<Reply> {
  const all = decodeBoolean(query.get("all"));
  const views = await images.list({ all, filters: decodeFilters(query.get("filters")) });
  return json(views.map((view) => encodeImageSummary(view, apiVersion)));
}

function create(images: ImageService, request: EngineRequest): Reply {
  if (request.query.get("fromImage")) return pull(images, request);
  if (request.query.get("fromSrc")) return importFilesystem(images, request);
  throw new RuncibleError("invalid-argument", "create image: the query names neither fromImage nor fromSrc");
}

function pull(images: ImageService, { query, headers, signal }: EngineRequest): Reply {
  const platform = query.get("platform") || undefined;
  const image = query.get("fromImage") ?? "";
  const auths = decodeAuths({ headers });
  const auth = decodeAuth({ headers });
  const tag = query.get("tag") ?? "";
  const lines = images.pull({ image, tag, allTags: true, auths, signal, ...defined({ platform, auth }) });
  return { kind: "progress", lines };
}

function importFilesystem(images: ImageService, { query, body, signal }: EngineRequest): Reply {
  const platform = query.get("platform") || undefined;
  const [repository, tag] = [query.get("repo") ?? "", query.get("tag") ?? ""];
  const lines = images.importFilesystem({
    ...{ body, signal, source: query.get("fromSrc") ?? "-", message: query.get("message") ?? "" },
    reference: tag === "" || repository === "" ? repository : `${repository}:${tag}`,
    changes: query.getAll("changes").flatMap((text) => text.split("\n").filter((line) => line.trim() !== "")),
    ...defined({ platform }),
  });
  return { kind: "progress", lines };
}

function push(images: ImageService, request: EngineRequest): Reply {
  const { query, signal } = request;
  const auth = decodeAuth(request);
  const lines = images.push({
    ...{ name: param(request, "name"), tag: query.get("tag") ?? "", signal },
    ...defined({ auth }),
  });
  return { kind: "progress", lines };
}

async function save(images: ImageService, request: EngineRequest): Promise<Reply> {
  const { query, params, signal } = request;
  const names = params["name"] === undefined ? query.getAll("names") : [params["name"]];
  if (names.length === 0) throw new RuncibleError("invalid-argument", "save images: the query has no names");
  const source = await images.save(names, signal);
  return { kind: "bytes", headers: { "Content-Type": "application/x-tar" }, source };
}

function load(images: ImageService, { body, query, signal }: EngineRequest): Reply {
  const isQuiet = decodeBoolean(query.get("quiet"));
  return { kind: "progress", lines: images.load({ archive: body, isQuiet, signal }) };
}

async function describe(images: ImageService, request: EngineRequest): Promise<Reply> {
  const found = await images.describe(param(request, "name"), decodeAuth(request), request.signal);
  const { mediaType, digest, size } = found.descriptor;
  return json({ Descriptor: { mediaType, digest, size }, Platforms: found.platforms });
}

/** Only the one central registry ever answered searches, and what it finds is not what a test starts. */
function refuseSearch(): never {
  throw new RuncibleError("not-implemented", "search images: this engine leaves it out; search at the registry");
}

async function inspect(images: ImageService, request: EngineRequest): Promise<Reply> {
  return json(encodeImage(await images.inspect(param(request, "name")), request.apiVersion));
}

async function history(images: ImageService, request: EngineRequest): Promise<Reply> {
  return json((await images.history(param(request, "name"))).map(encodeHistory));
}

async function tag(images: ImageService, request: EngineRequest): Promise<Reply> {
  const repository = request.query.get("repo");
  if (!repository) throw new RuncibleError("invalid-argument", "tag image: the query names no repo");
  await images.tag(param(request, "name"), repository, request.query.get("tag") || "latest");
  return empty(201);
}

async function remove(images: ImageService, request: EngineRequest): Promise<Reply> {
  const force = decodeBoolean(request.query.get("force"));
  return json((await images.remove(param(request, "name"), { force })).map(encodeRemoval));
}

async function prune(images: ImageService, { query }: EngineRequest): Promise<Reply> {
  const { removals, reclaimedBytes } = await images.prune(decodeFilters(query.get("filters")));
  return json({ ImagesDeleted: removals.map(encodeRemoval), SpaceReclaimed: reclaimedBytes });
}
