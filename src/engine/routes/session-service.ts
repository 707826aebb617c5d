/** A session is a connection: what carries its label lives exactly as long. */
export interface SessionService {
  /** `id` absent: a random one. Opening an id that is open already joins it; the last connection to end ends it. */
  open(request: SessionRequest): Promise<{ readonly id: string }>;

  /**
   * The connection ended. Removes every container, network and volume labelled
   * `org.testcontainers.session-id=<id>` (when this was the last connection of the id). Never throws; called once per
   * `open`.
   */
  end(id: string): Promise<void>;
}

export interface SessionRequest {
  readonly id?: string;
  readonly labels: Readonly<Record<string, string>>;
}
