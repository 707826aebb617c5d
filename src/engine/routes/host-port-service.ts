/** Ports of this machine that containers reach as `host.testcontainers.internal`. */
export interface HostPortService {
  /** Until the session ends; a port may belong to several. Throws `invalid-argument` for a session that is not open. */
  expose(session: string, ports: readonly number[]): Promise<void>;
}
