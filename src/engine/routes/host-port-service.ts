/** Ports of this machine that containers reach as `host.testcontainers.internal`. */
export interface HostPortService {
  /** Until the session ends; a port may belong to several. Throws `invalid-argument` for a session that is not open. */
  expose(session: string, ports: readonly number[]): Promise<void>;
}

/** Ports of this machine that are kept for containers which come later. */
export interface HeldPortService {
  /**
   * A free TCP port, which only a container of this session gets, until that has it or the session ends. Throws
   * `invalid-argument` for a session that is not open.
   */
  hold(session: string): Promise<number>;
  /** Does nothing when it is not held. */
  release(session: string, port: number): void;
}
