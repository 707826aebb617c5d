import { basename } from "node:path";
import {
  AbstractStartedContainer,
  type ExecResult,
  GenericContainer,
  RuncibleError,
  type StartedTestContainer,
  Wait,
} from "runcible";

const defaultImage = "redis:8-alpine";
const port = 6379;
const initFolder = "/tmp/runcible-init";

/** A Redis server. It keeps nothing: what is saved goes with the container. */
export class RedisContainer extends GenericContainer {
  #password = "";
  #initScripts: readonly string[] = [];

  /** Default image: `redis:8-alpine`. Valkey's images work too. */
  constructor(image: string = defaultImage) {
    super(image);
    this.withExposedPorts(port).withWaitStrategy(Wait.forLogMessage("Ready to accept connections"));
  }

  /** Of the user `default`. Default: none, anybody may connect. */
  withPassword(password: string): this {
    this.#password = password;
    return this;
  }

  /**
   * Paths of files with Redis commands, one a line, which are run in this order before the container counts as started.
   */
  withInitScripts(...paths: string[]): this {
    const scripts = paths.map((source, index) => ({
      source,
      target: `${initFolder}/${this.#initScripts.length + index}-${basename(source)}`,
    }));
    this.#initScripts = [...this.#initScripts, ...scripts.map(({ target }) => target)];
    return this.withCopyFilesToContainer(scripts);
  }

  override async start(): Promise<StartedRedisContainer> {
    return new StartedRedisContainer(await super.start(), this.#password);
  }

  protected override async beforeContainerCreated(): Promise<void> {
    const command = this.createOpts.Cmd ?? ["redis-server"];
    if (this.#password === "" || command.includes("--requirepass")) return;
    this.withCommand([...command, "--requirepass", this.#password]);
  }

  /** Throws `command-failed` when a script has a command that the server refuses. */
  protected override async containerStarted(container: StartedTestContainer): Promise<void> {
    for (const script of this.#initScripts) await runScript(container, this.#password, script);
  }
}

export class StartedRedisContainer extends AbstractStartedContainer {
  readonly #password: string;

  constructor(container: StartedTestContainer, password: string) {
    super(container);
    this.#password = password;
  }

  /** On the host. */
  getPort(): number {
    return this.getMappedPort(port);
  }

  getPassword(): string {
    return this.#password;
  }

  /** `redis://[:password@]host:port`, for any client. */
  getConnectionUri(): string {
    const credentials = this.#password === "" ? "" : `:${encodeURIComponent(this.#password)}@`;
    return `redis://${credentials}${this.getHost()}:${this.getPort()}`;
  }

  /** Runs one command with the container's `redis-cli`. Throws `command-failed` when the server refuses it. */
  async executeCommand(...words: string[]): Promise<string> {
    const { output, exitCode } = await execute(this, this.#password, ["redis-cli", "-e", ...words]);
    if (exitCode !== 0) throw refused(words.join(" "), output);
    return output.trimEnd();
  }
}

/** The commands of a file in the container. */
async function runScript(container: StartedTestContainer, password: string, path: string): Promise<void> {
  // What redis-cli reads from its input has no say in its exit code; errors are marked in its output for people.
  const command = ["sh", "-c", 'redis-cli --no-raw <"$0"', path];
  const { output, exitCode } = await execute(container, password, command);
  if (exitCode !== 0 || /^\(error\)/m.test(output)) throw refused(path, output);
}

function execute(container: StartedTestContainer, password: string, command: string[]): Promise<ExecResult> {
  return container.exec(command, password === "" ? {} : { env: { REDISCLI_AUTH: password } });
}

function refused(what: string, output: string): RuncibleError {
  return new RuncibleError("command-failed", `run ${what} in Redis: ${output.trim()}`, { evidence: { output } });
}
