/** Containers that several processes use, one after the other or at once. */
export interface ReuseService {
  /**
   * Resolves when nobody is making a container of this key: with the one that is ready, or without one, and then the
   * caller is to make it. `signal`: the end of the caller, and of its lease.
   */
  lease(key: string, signal: AbortSignal): Promise<ReuseLease>;
  /** The maker's container can be handed out. Throws `container-not-found`. */
  markReady(key: string, containerId: string): Promise<void>;
  /** Removes those that nobody has a lease on; their ids. */
  prune(): Promise<readonly string[]>;
}

export interface ReuseLease {
  /** Absent: to be made. */
  readonly containerId?: string;
  /** Of a container that is to be made: the value of its `reuseLeaseLabel`. */
  readonly makerId?: string;
  /**
   * Called once. A maker that leaves before its container was ready leaves the making to the next, and nothing else.
   */
  release(): Promise<void>;
}
