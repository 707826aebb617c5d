import { basename } from "node:path";
import { AbstractStartedContainer, GenericContainer, RuncibleError, type StartedTestContainer, Wait } from "runcible";

const defaultImage = "rabbitmq:4-management-alpine";
const port = 5672;
const managementPort = 15672;
const definitionsFolder = "/tmp/runcible-definitions";

/** What is needed to log in. */
interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly virtualHost: string;
}

/** A RabbitMQ broker with its management plugin, when the image has that. */
export class RabbitMqContainer extends GenericContainer {
  #credentials: Credentials = { username: "test", password: "test", virtualHost: "/" };
  #definitions: readonly string[] = [];

  /** Default image: `rabbitmq:4-management-alpine`. */
  constructor(image: string = defaultImage) {
    super(image);
    this.withExposedPorts(port, managementPort).withWaitStrategy(Wait.forLogMessage("Server startup complete"));
  }

  /** An administrator. Default: `test`. */
  withUsername(username: string): this {
    this.#credentials = { ...this.#credentials, username };
    return this;
  }

  /** Default: `test`. */
  withPassword(password: string): this {
    this.#credentials = { ...this.#credentials, password };
    return this;
  }

  /** Default: `/`. */
  withVirtualHost(virtualHost: string): this {
    this.#credentials = { ...this.#credentials, virtualHost };
    return this;
  }

  /**
   * Paths of JSON files with exchanges, queues, bindings, users and so on, in the form that the broker exports. They
   * are imported in this order before the container counts as started.
   */
  withDefinitions(...paths: string[]): this {
    const files = paths.map((source, index) => ({
      source,
      target: `${definitionsFolder}/${this.#definitions.length + index}-${basename(source)}`,
      // The broker is another user than the one who copies.
      mode: 0o644,
    }));
    this.#definitions = [...this.#definitions, ...files.map(({ target }) => target)];
    return this.withCopyFilesToContainer(files);
  }

  override async start(): Promise<StartedRabbitMqContainer> {
    return new StartedRabbitMqContainer(await super.start(), this.#credentials);
  }

  protected override async beforeContainerCreated(): Promise<void> {
    const { username, password, virtualHost } = this.#credentials;
    this.withEnvironment({
      RABBITMQ_DEFAULT_USER: username,
      RABBITMQ_DEFAULT_PASS: password,
      RABBITMQ_DEFAULT_VHOST: virtualHost,
    });
  }

  /** Throws `command-failed` when the broker refuses a file of definitions. */
  protected override async containerStarted(container: StartedTestContainer): Promise<void> {
    const started = new StartedRabbitMqContainer(container, this.#credentials);
    for (const file of this.#definitions) await started.control("import_definitions", file);
  }
}

export class StartedRabbitMqContainer extends AbstractStartedContainer {
  readonly #credentials: Credentials;

  constructor(container: StartedTestContainer, credentials: Credentials) {
    super(container);
    this.#credentials = credentials;
  }

  /** Of AMQP, on the host. */
  getPort(): number {
    return this.getMappedPort(port);
  }

  getUsername(): string {
    return this.#credentials.username;
  }

  getPassword(): string {
    return this.#credentials.password;
  }

  getVirtualHost(): string {
    return this.#credentials.virtualHost;
  }

  /** `amqp://username:password@host:port/virtual-host`, for any client. */
  getConnectionUri(): string {
    const virtualHost = encodeURIComponent(this.getVirtualHost());
    return `amqp://${this.#login()}@${this.getHost()}:${this.getPort()}/${virtualHost}`;
  }

  /** `http://host:port`, of the management plugin: its pages, and below `/api` its HTTP interface. */
  getManagementUri(): string {
    return `http://${this.getHost()}:${this.getMappedPort(managementPort)}`;
  }

  /** Runs `rabbitmqctl` in the container, and gives its output. Throws `command-failed` when it fails. */
  async control(...words: string[]): Promise<string> {
    const { output, exitCode } = await this.exec(["rabbitmqctl", ...words]);
    if (exitCode === 0) return output.trimEnd();
    throw new RuncibleError("command-failed", `run rabbitmqctl ${words.join(" ")}: ${output.trim()}`, {
      evidence: { exitCode, output },
    });
  }

  #login(): string {
    return [this.getUsername(), this.getPassword()].map(encodeURIComponent).join(":");
  }
}
