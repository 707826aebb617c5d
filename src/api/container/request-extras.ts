import type { AliasPort } from "../../wire/ports";
import type { Environment, StartedTestContainer } from "./types";

/** Where published ports are, before the container's first process runs. */
export interface PublishedAddress {
  /** As `getHost()`. */
  readonly host: string;
  /** As `getMappedPort()`. Throws `invalid-argument` for a port that is not exposed. */
  port(containerPort: number | `${number}/tcp` | `${number}/udp`): number;
}

export type EnvironmentOf = (context: PublishedAddress) => Environment;

/** A container that others may wait for. */
export interface Startable {
  start(): Promise<StartedTestContainer>;
}

export interface Stoppable {
  stop(): Promise<unknown>;
}

/** What this package adds to the request of the original. */
export interface RequestExtras {
  readonly environmentOf: EnvironmentOf[];
  readonly dependencies: Startable[];
  readonly aliasPorts: AliasPort[];
  keepsOnFailure: boolean | undefined;
  /** Its image, and its name if it has one. */
  title(): string;
  /** Begins to pull the image, unless it is there. */
  prefetch(): Promise<void>;
  /** Of whoever starts it and has started its dependencies: what is to stop with it. */
  startedFor: readonly Stoppable[] | undefined;
}

const all = new WeakMap<object, RequestExtras>();

/** Kept beside the request, where no field of a subclass can get in the way. */
export function extrasOf(request: object): RequestExtras {
  const known = all.get(request) ?? {
    environmentOf: [],
    dependencies: [],
    aliasPorts: [],
    keepsOnFailure: undefined,
    startedFor: undefined,
    title: () => request.constructor.name,
    prefetch: async () => {},
  };
  all.set(request, known);
  return known;
}
