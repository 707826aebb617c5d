import {
  type ReuseBody,
  type ReuseLeased,
  type ReusePruned,
  type ReuseReadyBody,
  reuseLeaseLabel,
} from "../wire/session";
import { holdAnswer } from "./held-answer";
import type { Transport } from "./transport";

/** A share in a reusable container, until it is closed or this process ends. */
export interface ReuseLease {
  /** Ready. Undefined: this process is to make it. */
  readonly containerId: string | undefined;
  /** What it is to be labelled with when it is made. */
  readonly labels: Readonly<Record<string, string>>;
  close(): void;
}

/** Own engine only. */
export interface ReuseClient {
  /** Resolves when no other process is making such a container. */
  lease(body: ReuseBody): Promise<ReuseLease>;
  /** Has what was made handed out. */
  ready(body: ReuseReadyBody): Promise<void>;
  /** Removes those that no process has a lease on. */
  prune(): Promise<ReusePruned>;
}

export function createReuseClient(transport: Transport): ReuseClient {
  return {
    lease: async (body) => {
      const answer = await transport.open("POST", "/runcible/reuse", { body });
      const { first, close } = await holdAnswer<ReuseLeased>(answer, "lease container");
      const labels = first.Lease === undefined ? {} : { [reuseLeaseLabel]: first.Lease };
      return { containerId: first.Id, labels, close };
    },
    ready: (body) => transport.send("POST", "/runcible/reuse/ready", { body }),
    prune: () => transport.call<ReusePruned>("POST", "/runcible/reuse/prune"),
  };
}
