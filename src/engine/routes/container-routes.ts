import { hasCode, RuncibleError } from "../../internal/errors";
import { decodeFilters } from "../../wire/filters";
import { decodeBoolean, decodeInteger } from "../../wire/query-values";
import { defined, objectField, textField } from "../http/json-fields";
import { empty, json, type Reply } from "../http/reply";
import { type EngineRequest, param, type Route } from "../http/request";
import { selectContainers } from "./container-selection";
import type { ContainerService, StopOptions, UpdateRequest } from "./container-service";
import { decodeCreate } from "./decode-create";
import { decodeResources, decodeRestartPolicy } from "./decode-resources";
import { decodeRunConfig } from "./decode-run-config";
import { encodeInspect } from "./encode-inspect";
import { encodeSummary } from "./encode-list";

/** Containers as records and as running things; their streams are in container-stream-routes.ts. */
export function containerRoutes(containers: ContainerService): readonly Route[] {
  const act = (verb: (request: EngineRequest, ref: string) => Promise<unknown>) => async (request: EngineRequest) => {
    await verb(request, param(request, "id"));
    return empty(204);
  };
  return [
    { method: "POST", pattern: "/containers/create", handler: (request) => create(containers, request) },
    { method: "GET", pattern: "/containers/json", handler: (request) => list(containers, request) },
    { method: "POST", pattern: "/containers/prune", handler: (request) => prune(containers, request) },
    { method: "GET", pattern: "/containers/:id/json", handler: (request) => inspect(containers, request) },
    { method: "POST", pattern: "/containers/:id/start", handler: act((request, id) => start(containers, request, id)) },
    {
      method: "POST",
      pattern: "/containers/:id/stop",
      handler: act((request, id) => containers.stop(id, stopOptions(request))),
    },
    {
      method: "POST",
      pattern: "/containers/:id/restart",
      handler: act((request, id) => containers.restart(id, stopOptions(request))),
    },
    {
      method: "POST",
      pattern: "/containers/:id/kill",
      handler: act(({ query }, id) => containers.kill(id, query.get("signal") || "KILL")),
    },
    { method: "POST", pattern: "/containers/:id/pause", handler: act((_, id) => containers.pause(id)) },
    { method: "POST", pattern: "/containers/:id/unpause", handler: act((_, id) => containers.unpause(id)) },
    {
      method: "POST",
      pattern: "/containers/:id/rename",
      handler: act((request, id) => containers.rename(id, newName(request))),
    },
    { method: "POST", pattern: "/containers/:id/update", handler: (request) => update(containers, request) },
    {
      method: "DELETE",
      pattern: "/containers/:id",
      handler: act((request, id) => remove(containers, request, id)),
    },
    { method: "POST", pattern: "/commit", handler: (request) => commit(containers, request) },
  ];
}

async function create(containers: ContainerService, request: EngineRequest): Promise<Reply> {
  const { id, warnings } = await containers.create(decodeCreate(await request.json(), request.query));
  return json({ Id: id, Warnings: warnings }, 201);
}

async function start(containers: ContainerService, { query }: EngineRequest, id: string): Promise<void> {
  if (query.get("checkpoint")) {
    throw new RuncibleError("not-implemented", `start container ${id} from a checkpoint: this engine makes none`);
  }
  await containers.start(id);
}

async function remove(containers: ContainerService, { query }: EngineRequest, id: string): Promise<void> {
  if (decodeBoolean(query.get("link"))) {
    await containers.inspect(id, { size: false }).catch((cause: unknown) => {
      throw hasCode(cause, "container-not-found") ? noSuchLink(id, cause) : cause;
    });
    const text = `remove link ${id}: links of a container are there as long as it is; remove the container without link=1`;
    throw new RuncibleError("not-implemented", text);
  }
  await containers.remove(id, { force: decodeBoolean(query.get("force")), volumes: decodeBoolean(query.get("v")) });
}

/** Docker has a word of its own for it. */
function noSuchLink(id: string, cause: unknown): RuncibleError {
  return new RuncibleError("container-not-found", `no such container: ${id}`, { cause });
}

async function list(containers: ContainerService, { query, apiVersion }: EngineRequest): Promise<Reply> {
  const limit = decodeInteger(query.get("limit"), "limit");
  const selection = { all: decodeBoolean(query.get("all")), filters: decodeFilters(query.get("filters")) };
  const views = await containers.list({ size: decodeBoolean(query.get("size")) });
  const selected = selectContainers(views, { ...selection, ...defined({ limit }) });
  const now = Date.now();
  return json(selected.map((view) => encodeSummary(view, apiVersion, now)));
}

async function inspect(containers: ContainerService, request: EngineRequest): Promise<Reply> {
  const view = await containers.inspect(param(request, "id"), { size: decodeBoolean(request.query.get("size")) });
  return json(encodeInspect(view, request.apiVersion));
}

async function prune(containers: ContainerService, { query }: EngineRequest): Promise<Reply> {
  const { ids, reclaimedBytes } = await containers.prune(decodeFilters(query.get("filters")));
  return json({ ContainersDeleted: ids, SpaceReclaimed: reclaimedBytes });
}

async function update(containers: ContainerService, request: EngineRequest): Promise<Reply> {
  const body = await request.json();
  const { isOomKillDisabled, ulimits, ...limits } = decodeResources(body, { isUpdate: true });
  const restartPolicy = decodeRestartPolicy(objectField(body, "RestartPolicy"));
  const change: UpdateRequest = {
    resources: {
      ...limits,
      ...(body["OomKillDisable"] == null ? {} : { isOomKillDisabled }),
      ...(body["Ulimits"] == null ? {} : { ulimits }),
    },
    ...defined({ restartPolicy }),
  };
  return json({ Warnings: (await containers.update(param(request, "id"), change)).warnings });
}

async function commit(containers: ContainerService, request: EngineRequest): Promise<Reply> {
  const { query } = request;
  const body = await request.json();
  const container = query.get("container") || textField(body, "container");
  if (!container) throw new RuncibleError("invalid-argument", "commit container: the query names none");
  const repository = query.get("repo");
  const tag = query.get("tag");
  const { imageId } = await containers.commit(container, {
    ...(repository ? { reference: tag ? `${repository}:${tag}` : repository } : {}),
    comment: query.get("comment") ?? "",
    author: query.get("author") ?? "",
    pause: decodeBoolean(query.get("pause"), true),
    config: decodeRunConfig(body),
    changes: query.getAll("changes").flatMap((text) => text.split("\n").filter((line) => line.trim() !== "")),
    signal: request.signal,
  });
  return json({ Id: imageId }, 201);
}

function stopOptions({ query }: EngineRequest): StopOptions {
  const timeoutSeconds = decodeInteger(query.get("t"), "t");
  return defined({ timeoutSeconds, signal: query.get("signal") || undefined });
}

function newName({ query }: EngineRequest): string {
  const name = (query.get("name") ?? "").replace(/^\//, "");
  if (name === "") throw new RuncibleError("invalid-argument", "Neither old nor new names may be empty");
  return name;
}
