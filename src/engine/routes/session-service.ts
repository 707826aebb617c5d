/** A session is a connection: what carries its label lives exactly as long. */
export interface SessionService {
  /** `id` absent: a random one. Opening an id that is open already joins it; the last connection to end ends it. */
  open(request: SessionRequest): Promise<{ readonly id: string }>;

  /**
   * The connection ended. Removes every container, network, volume and image labelled
   * `org.testcontainers.session-id=<id>`, and every container, network and volume that one of its claims fits (when
   * this was the last connection of the id). Never throws; called once per `open`.
   */
  end(id: string): Promise<void>;
}

export interface SessionRequest {
  readonly id?: string;
  /** Labels whose carriers belong to the session too. */
  readonly claims: readonly LabelMatch[];
}

export interface LabelMatch {
  readonly key: string;
  readonly value: string;
}
