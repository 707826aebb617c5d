import { AbstractStartedContainer, GenericContainer, type StartedTestContainer, Wait } from "runcible";

const defaultImage = "nats:2-alpine";
const port = 4222;
const monitoringPort = 8222;

/** What is needed to log in. */
interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** A NATS server. */
export class NatsContainer extends GenericContainer {
  #credentials: Credentials = { username: "test", password: "test" };
  #arguments: readonly string[] = [];

  /** Default image: `nats:2-alpine`. */
  constructor(image: string = defaultImage) {
    super(image);
    this.withExposedPorts(port, monitoringPort).withWaitStrategy(Wait.forLogMessage("Server is ready"));
  }

  /** Default: `test`. */
  withUsername(username: string): this {
    this.#credentials = { ...this.#credentials, username };
    return this;
  }

  /** Default: `test`. */
  withPassword(password: string): this {
    this.#credentials = { ...this.#credentials, password };
    return this;
  }

  /** Streams, key-value buckets and object stores, kept in the container. Default: off. */
  withJetStream(): this {
    return this.withArguments("--jetstream");
  }

  /** Further words of the server's command line: `"--name", "shop"`. Added to earlier ones. */
  withArguments(...words: string[]): this {
    this.#arguments = [...this.#arguments, ...words];
    return this;
  }

  override async start(): Promise<StartedNatsContainer> {
    return new StartedNatsContainer(await super.start(), this.#credentials);
  }

  protected override async beforeContainerCreated(): Promise<void> {
    const { username, password } = this.#credentials;
    this.withCommand([
      ...["--user", username, "--pass", password, "--http_port", String(monitoringPort)],
      ...this.#arguments,
    ]);
  }
}

export class StartedNatsContainer extends AbstractStartedContainer {
  readonly #credentials: Credentials;

  constructor(container: StartedTestContainer, credentials: Credentials) {
    super(container);
    this.#credentials = credentials;
  }

  /** Of clients, on the host. */
  getPort(): number {
    return this.getMappedPort(port);
  }

  getUsername(): string {
    return this.#credentials.username;
  }

  getPassword(): string {
    return this.#credentials.password;
  }

  /**
   * `nats://username:password@host:port`. The client for Node takes no credentials from it: use `getConnectionOptions`.
   */
  getConnectionUri(): string {
    const login = [this.getUsername(), this.getPassword()].map(encodeURIComponent).join(":");
    return `nats://${login}@${this.getHost()}:${this.getPort()}`;
  }

  /** What `connect` of the client for Node takes. */
  getConnectionOptions(): { readonly servers: string; readonly user: string; readonly pass: string } {
    const servers = `${this.getHost()}:${this.getPort()}`;
    return { servers, user: this.getUsername(), pass: this.getPassword() };
  }

  /** `http://host:port`, where the server tells about itself: `/healthz`, `/varz`, `/connz`. */
  getMonitoringUri(): string {
    return `http://${this.getHost()}:${this.getMappedPort(monitoringPort)}`;
  }
}
