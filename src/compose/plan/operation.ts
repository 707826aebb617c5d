import type { ContainerCreateBody } from "../../wire/container-create";
import type { EndpointSettings, NetworkCreateBody } from "../../wire/network";
import type { VolumeCreateBody } from "../../wire/volume";
import type { Build } from "../model/project";

/**
 * One step of a plan. It may begin when the steps in `after` are done; steps that do not wait for each other run at
 * once.
 */
export interface Operation {
  readonly id: string;
  readonly after: readonly string[];
  readonly action: Action;
}

export type Action =
  | { readonly kind: "create-network"; readonly body: NetworkCreateBody }
  | { readonly kind: "create-volume"; readonly body: VolumeCreateBody & { readonly Name: string } }
  | PullImage
  | BuildImage
  | CreateContainer
  | { readonly kind: "start-container"; readonly service: string; readonly name: string }
  | { readonly kind: "restart-container"; readonly service: string; readonly name: string }
  | { readonly kind: "stop-container"; readonly name: string; readonly id: string; readonly timeoutSeconds?: number }
  | { readonly kind: "remove-container"; readonly name: string; readonly id: string; readonly volumes: boolean }
  | AwaitService
  | { readonly kind: "remove-network" | "remove-volume" | "remove-image"; readonly name: string };

export interface PullImage {
  readonly kind: "pull-image";
  readonly service: string;
  readonly image: string;
  readonly platform?: string;
}

export interface BuildImage {
  readonly kind: "build-image";
  readonly service: string;
  readonly image: string;
  readonly build: Build;
  readonly platform?: string;
  readonly isPullForced: boolean;
}

export interface CreateContainer {
  readonly kind: "create-container";
  readonly service: string;
  readonly name: string;
  readonly platform?: string;
  readonly body: ContainerCreateBody;
  /** Joined after the first, which is in the body. */
  readonly networks: readonly { readonly name: string; readonly endpoint: EndpointSettings }[];
  /** Written into the container before its start. */
  readonly files: readonly StoredFile[];
}

/** A secret or config at its place; what is in it does not pass through plans. */
export interface StoredFile {
  readonly section: "secrets" | "configs";
  readonly source: string;
  readonly target: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

export interface AwaitService {
  readonly kind: "await-service";
  readonly service: string;
  readonly containers: readonly string[];
  /** `running_or_healthy`: healthy if it has a health check. */
  readonly condition: "healthy" | "completed" | "running_or_healthy";
  readonly isRequired: boolean;
}
