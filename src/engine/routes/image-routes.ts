import { RuncibleError } from "../../internal/errors";
import { decodeFilters } from "../../wire/filters";
import { decodeBoolean } from "../../wire/query-values";
import { decodeRegistryAuth } from "../../wire/registry-auth";
import { defined } from "../http/json-fields";
import { empty, json, type Reply } from "../http/reply";
import { type EngineRequest, param, type Route } from "../http/request";
import { encodeHistory, encodeImage, encodeImageSummary, encodeRemoval } from "./encode-image";
import type { ImageService } from "./image-service";

/** Images. Names may contain slashes, so the routes with a suffix come before those without. */
export function imageRoutes(images: ImageService): readonly Route[] {
  return [
    { method: "GET", pattern: "/images/json", handler: (request) => list(images, request) },
    { method: "POST", pattern: "/images/create", handler: (request) => pull(images, request) },
    { method: "POST", pattern: "/images/load", handler: (request) => load(images, request) },
    { method: "POST", pattern: "/images/prune", handler: (request) => prune(images, request) },
    {
      method: "GET",
      pattern: "/images/get",
      handler: () => refuse("save images", "use an image archive of its origin"),
    },
    { method: "GET", pattern: "/images/search", handler: () => refuse("search images", "search at the registry") },
    { method: "GET", pattern: "/images/:name*/json", handler: (request) => inspect(images, request) },
    { method: "GET", pattern: "/images/:name*/history", handler: (request) => history(images, request) },
    {
      method: "GET",
      pattern: "/images/:name*/get",
      handler: () => refuse("save image", "use an archive of its origin"),
    },
    { method: "POST", pattern: "/images/:name*/tag", handler: (request) => tag(images, request) },
    { method: "POST", pattern: "/images/:name*/push", handler: () => refuse("push image", "push with another tool") },
    { method: "DELETE", pattern: "/images/:name*", handler: (request) => remove(images, request) },
    {
      method: "GET",
      pattern: "/distribution/:name*/json",
      handler: () => refuse("look into registry", "pull the image"),
    },
  ];
}

async function list(images: ImageService, { query, apiVersion }: EngineRequest): Promise<Reply> {
  const all = decodeBoolean(query.get("all"));
  const views = await images.list({ all, filters: decodeFilters(query.get("filters")) });
  return json(views.map((view) => encodeImageSummary(view, apiVersion)));
}

function pull(images: ImageService, { query, headers, signal }: EngineRequest): Reply {
  const image = query.get("fromImage");
  if (!image) return refuse("import image", "load an image archive");
  const authHeader = headers["x-registry-auth"];
  const auth = decodeRegistryAuth(typeof authHeader === "string" ? authHeader : undefined);
  const platform = query.get("platform") || undefined;
  const lines = images.pull({ image, tag: query.get("tag") ?? "", signal, ...defined({ platform, auth }) });
  return { kind: "progress", lines };
}

function load(images: ImageService, { body, signal }: EngineRequest): Reply {
  return { kind: "progress", lines: images.load(body, signal) };
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

function refuse(what: string, instead: string): never {
  throw new RuncibleError("not-implemented", `${what}: this engine leaves it out; ${instead}`);
}
