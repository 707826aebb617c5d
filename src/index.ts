export { DockerComposeEnvironment } from "./api/compose/docker-compose-environment";
export {
  DownedDockerComposeEnvironment,
  StartedDockerComposeEnvironment,
  StoppedDockerComposeEnvironment,
} from "./api/compose/started-docker-compose-environment";
export { AbstractStartedContainer } from "./api/container/abstract-started-container";
export { AbstractStoppedContainer } from "./api/container/abstract-stopped-container";
export type { ContainerEvent } from "./api/container/container-events";
export type { ExecOptions, ExecResult } from "./api/container/exec";
export { GenericContainer, GenericContainerBuilder } from "./api/container/generic-container";
export type { InspectResult } from "./api/container/inspect-result";
export type { EnvironmentOf, PublishedAddress, Startable } from "./api/container/request-extras";
export type {
  CommitOptions,
  Content,
  CopyToContainerOptions,
  RestartOptions,
  StartedTestContainer,
  StopOptions,
  StoppedTestContainer,
  TestContainer,
} from "./api/container/types";
export { type StartedOf, TestContainers } from "./api/host-ports/testcontainers";
export type { HostImageOptions } from "./api/image/host-image";
export type { BuildOptions } from "./api/image/image-builder";
export { ImageName } from "./api/image/image-name";
export { type ImagePullPolicy, PullPolicy } from "./api/image/pull-policy";
export { LABEL_TESTCONTAINERS_SESSION_ID } from "./api/labels";
export { log } from "./api/log";
export { Network, StartedNetwork, StoppedNetwork } from "./api/network/network";
export { BoundPorts } from "./api/ports/bound-ports";
export {
  getContainerPort,
  hasHostBinding,
  type PortWithBinding,
  type PortWithOptionalBinding,
} from "./api/ports/port";
export { type PortGenerator, RandomPortGenerator } from "./api/ports/random-port";
export { type ReservedPort, reservePort } from "./api/ports/reserve-port";
export { getReaper, type Reaper } from "./api/reaper/reaper";
export { IntervalRetry, type Retry } from "./api/retry";
export { ContainerRuntimeClient, getContainerRuntimeClient } from "./api/runtime/container-runtime-client";
export { SocatContainer, StartedSocatContainer } from "./api/socat/socat-container";
export { RandomUuid, randomUuid, type Uuid } from "./api/uuid";
export type { HttpWaitStrategyOptions } from "./api/wait/http";
export { StartupCheckStrategy, type StartupStatus } from "./api/wait/startup-check";
export { Wait } from "./api/wait/wait";
export { waitForContainer } from "./api/wait/wait-for-container";
export type { WaitStrategy } from "./api/wait/wait-strategy";
export { isRuncibleError, RuncibleError } from "./internal/errors";
