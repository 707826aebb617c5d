import type { Route } from "../http/request";
import { absentRoutes } from "./absent-routes";
import { archiveRoutes } from "./archive-routes";
import type { ArchiveService } from "./archive-service";
import { buildRoutes } from "./build-routes";
import type { BuildService } from "./build-service";
import { buildkitRoutes } from "./buildkit-routes";
import { containerRoutes } from "./container-routes";
import type { ContainerService } from "./container-service";
import { containerStreamRoutes } from "./container-stream-routes";
import { eventRoutes } from "./event-routes";
import type { EventService } from "./event-service";
import { execRoutes } from "./exec-routes";
import type { ExecService } from "./exec-service";
import type { HeldPortService, HostPortService } from "./host-port-service";
import { imageRoutes } from "./image-routes";
import type { ImageService } from "./image-service";
import { networkRoutes } from "./network-routes";
import type { NetworkService } from "./network-service";
import type { ReuseService } from "./reuse-service";
import { runcibleRoutes } from "./runcible-routes";
import type { SessionService } from "./session-service";
import { systemRoutes } from "./system-routes";
import type { SystemService } from "./system-service";
import { volumeRoutes } from "./volume-routes";
import type { VolumeService } from "./volume-service";

/** Everything the API needs of an engine. */
export interface EngineServices {
  readonly system: SystemService;
  readonly containers: ContainerService;
  readonly execs: ExecService;
  readonly archives: ArchiveService;
  readonly images: ImageService;
  readonly builds: BuildService;
  readonly networks: NetworkService;
  readonly volumes: VolumeService;
  readonly events: EventService;
  readonly sessions: SessionService;
  readonly hostPorts: HostPortService;
  readonly heldPorts: HeldPortService;
  readonly reuse: ReuseService;
}

/** The whole API as one table. */
export function engineRoutes(services: EngineServices): readonly Route[] {
  return [
    ...systemRoutes(services),
    ...containerRoutes(services.containers),
    ...containerStreamRoutes(services.containers),
    ...archiveRoutes(services.archives),
    ...execRoutes(services.execs),
    ...imageRoutes(services.images),
    ...buildRoutes(services.builds),
    ...networkRoutes(services.networks),
    ...volumeRoutes(services.volumes),
    ...eventRoutes(services.events),
    ...runcibleRoutes(services),
    ...absentRoutes(),
    ...buildkitRoutes(),
  ];
}
