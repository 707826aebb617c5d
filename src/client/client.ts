import { type BuildClient, createBuildClient } from "./build";
import { type ContainersClient, createContainersClient } from "./containers";
import type { Endpoint } from "./endpoint";
import { createEventsClient, type EventsClient } from "./events";
import { createExecClient, type ExecClient } from "./exec";
import { createHostPortsClient, type HostPortsClient } from "./host-ports";
import { createImagesClient, type ImagesClient } from "./images";
import { createNetworksClient, type NetworksClient } from "./networks";
import { createReuseClient, type ReuseClient } from "./reuse";
import { createSessionsClient, type SessionsClient } from "./sessions";
import { createSystemClient, type SystemClient } from "./system";
import { createTransport } from "./transport";
import { createVolumesClient, type VolumesClient } from "./volumes";

/**
 * The Docker Engine API of one daemon. Every method throws `RuncibleError`, `engine-unreachable` if nothing answers.
 */
export interface EngineClient {
  readonly endpoint: Endpoint;
  readonly containers: ContainersClient;
  readonly images: ImagesClient;
  readonly build: BuildClient;
  readonly networks: NetworksClient;
  readonly volumes: VolumesClient;
  readonly exec: ExecClient;
  readonly events: EventsClient;
  readonly system: SystemClient;
  readonly sessions: SessionsClient;
  /** Own engine only. */
  readonly hostPorts: HostPortsClient;
  readonly reuse: ReuseClient;
  /** Drops idle connections. */
  close(): void;
}

/** Connects to nothing yet. */
export function createClient(endpoint: Endpoint): EngineClient {
  const transport = createTransport(endpoint);
  return {
    endpoint,
    containers: createContainersClient(transport),
    images: createImagesClient(transport),
    build: createBuildClient(transport),
    networks: createNetworksClient(transport),
    volumes: createVolumesClient(transport),
    exec: createExecClient(transport),
    events: createEventsClient(transport),
    system: createSystemClient(transport),
    sessions: createSessionsClient(transport),
    hostPorts: createHostPortsClient(transport),
    reuse: createReuseClient(transport),
    close: () => transport.close(),
  };
}
