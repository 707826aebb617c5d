import type { ImageConfigJson, ImageDeleted, ImageHistoryEntry, ImageInspect, ImageSummary } from "../../wire/image";
import { type ApiVersion, isAtLeast } from "../../wire/versions";
import { defined } from "../http/json-fields";
import type { HistoryEntry, ImageRemoval, ImageRunConfigView, ImageView } from "./image-service";

/** Answer of `GET /images/{name}/json`. */
export function encodeImage(view: ImageView, version: ApiVersion): ImageInspect {
  return {
    Id: view.id,
    RepoTags: view.tags,
    RepoDigests: view.repoDigests,
    Parent: "",
    Comment: view.comment,
    Created: view.createdAt,
    DockerVersion: "",
    Author: view.author,
    Config: encodeConfig(view.config),
    Architecture: view.architecture,
    ...defined({ Variant: view.variant }),
    Os: view.os,
    Size: view.sizeBytes,
    ...virtualSize(view, version),
    GraphDriver: { Name: view.storageDriver, Data: {} },
    RootFS: { Type: "layers", Layers: view.layers },
    Metadata: { LastTagTime: "0001-01-01T00:00:00Z" },
  };
}

/** One entry of `GET /images/json`. */
export function encodeImageSummary(view: ImageView, version: ApiVersion): ImageSummary {
  return {
    Id: view.id,
    ParentId: "",
    RepoTags: view.tags,
    RepoDigests: view.repoDigests,
    Created: secondsOf(view.createdAt),
    Size: view.sizeBytes,
    SharedSize: -1,
    ...virtualSize(view, version),
    Labels: view.config.Labels ?? null,
    Containers: -1,
  };
}

export function encodeHistory(entry: HistoryEntry): ImageHistoryEntry {
  return {
    Id: entry.id,
    Created: secondsOf(entry.createdAt),
    CreatedBy: entry.createdBy,
    Tags: entry.tags.length === 0 ? null : entry.tags,
    Size: entry.sizeBytes,
    Comment: entry.comment,
  };
}

export function encodeRemoval(removal: ImageRemoval): ImageDeleted {
  return "untagged" in removal ? { Untagged: removal.untagged } : { Deleted: removal.deleted };
}

function encodeConfig(config: ImageRunConfigView): ImageConfigJson {
  return {
    ...ofContainers,
    User: config.User ?? "",
    ...defined({ ExposedPorts: config.ExposedPorts, StopSignal: config.StopSignal, Healthcheck: config.Healthcheck }),
    ...defined({ Shell: config.Shell }),
    Env: config.Env ?? null,
    Entrypoint: config.Entrypoint ?? null,
    Cmd: config.Cmd ?? null,
    Volumes: config.Volumes ?? null,
    WorkingDir: config.WorkingDir ?? "",
    Labels: config.Labels ?? null,
    OnBuild: config.OnBuild ?? null,
  };
}

/** Of containers, but Docker has them in images too. */
const ofContainers = {
  Hostname: "",
  Domainname: "",
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Image: "",
};

function virtualSize(view: ImageView, version: ApiVersion): { readonly VirtualSize?: number } {
  return isAtLeast(version, 44) ? {} : { VirtualSize: view.sizeBytes };
}

function secondsOf(timestamp: string): number {
  const milliseconds = Date.parse(timestamp);
  return Number.isNaN(milliseconds) ? 0 : Math.floor(milliseconds / 1000);
}
