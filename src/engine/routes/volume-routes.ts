import { RuncibleError } from "../../internal/errors";
import { decodeFilters } from "../../wire/filters";
import { decodeBoolean } from "../../wire/query-values";
import { isAtLeast } from "../../wire/versions";
import type { VolumeInspect } from "../../wire/volume";
import { textField, textMapField } from "../http/json-fields";
import { empty, json, type Reply } from "../http/reply";
import { type EngineRequest, param, type Route } from "../http/request";
import type { VolumeService, VolumeView } from "./volume-service";

export function volumeRoutes(volumes: VolumeService): readonly Route[] {
  return [
    { method: "GET", pattern: "/volumes", handler: (request) => list(volumes, request) },
    { method: "POST", pattern: "/volumes/create", handler: (request) => create(volumes, request) },
    { method: "POST", pattern: "/volumes/prune", handler: (request) => prune(volumes, request) },
    { method: "GET", pattern: "/volumes/:name", handler: (request) => inspect(volumes, request) },
    { method: "DELETE", pattern: "/volumes/:name", handler: (request) => remove(volumes, request) },
  ];
}

async function list(volumes: VolumeService, { query }: EngineRequest): Promise<Reply> {
  const views = await volumes.list(decodeFilters(query.get("filters")));
  return json({ Volumes: views.map(encodeVolume), Warnings: null });
}

async function create(volumes: VolumeService, request: EngineRequest): Promise<Reply> {
  const body = await request.json();
  const driver = textField(body, "Driver") ?? "local";
  if (driver !== "local")
    throw new RuncibleError(
      "not-implemented",
      `create ${textField(body, "Name") ?? ""}: error looking up volume plugin ${driver}: plugin "${driver}" not found`,
    );
  const view = await volumes.create({
    name: textField(body, "Name") ?? "",
    labels: textMapField(body, "Labels"),
    options: textMapField(body, "DriverOpts"),
  });
  return json(encodeVolume(view), 201);
}

async function inspect(volumes: VolumeService, request: EngineRequest): Promise<Reply> {
  return json(encodeVolume(await volumes.inspect(param(request, "name"))));
}

async function remove(volumes: VolumeService, request: EngineRequest): Promise<Reply> {
  await volumes.remove(param(request, "name"), { force: decodeBoolean(request.query.get("force")) });
  return empty(204);
}

/** Until API 1.41 named volumes were pruned as well. */
async function prune(volumes: VolumeService, { query, apiVersion }: EngineRequest): Promise<Reply> {
  const filters = decodeFilters(query.get("filters"));
  const wanted = isAtLeast(apiVersion, 42) ? filters : new Map([...filters, ["all", ["true"]]]);
  const { names, reclaimedBytes } = await volumes.prune(wanted);
  return json({ VolumesDeleted: names, SpaceReclaimed: reclaimedBytes });
}

export function encodeVolume(view: VolumeView): VolumeInspect {
  return {
    CreatedAt: view.createdAt,
    Driver: "local",
    Labels: Object.keys(view.labels).length === 0 ? null : view.labels,
    Mountpoint: view.mountpoint,
    Name: view.name,
    Options: Object.keys(view.options).length === 0 ? null : view.options,
    Scope: "local",
  };
}
