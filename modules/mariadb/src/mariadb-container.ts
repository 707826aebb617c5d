import { basename } from "node:path";
import { AbstractStartedContainer, GenericContainer, type StartedTestContainer, Wait } from "runcible";

const defaultImage = "mariadb:11.8";
const port = 3306;
const initFolder = "/docker-entrypoint-initdb.d";

/** What is needed to log in. */
interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly rootPassword: string;
  readonly database: string;
}

/** A MariaDB server with one database and one user besides root. */
export class MariaDbContainer extends GenericContainer {
  #credentials: Credentials = { username: "test", password: "test", rootPassword: "test", database: "test" };
  #initScriptCount = 0;

  /** Default image: `mariadb:11.8`. Any image that takes the official one's environment variables works. */
  constructor(image: string = defaultImage) {
    super(image);
    // The server of the image's first start is on no port.
    this.withExposedPorts(port).withWaitStrategy(Wait.forListeningPorts());
  }

  /** Has all rights on the database. Default: `test`. */
  withUsername(username: string): this {
    this.#credentials = { ...this.#credentials, username };
    return this;
  }

  /** Default: `test`. */
  withPassword(password: string): this {
    this.#credentials = { ...this.#credentials, password };
    return this;
  }

  /** Default: `test`. */
  withRootPassword(rootPassword: string): this {
    this.#credentials = { ...this.#credentials, rootPassword };
    return this;
  }

  /** Default: `test`. */
  withDatabase(database: string): this {
    this.#credentials = { ...this.#credentials, database };
    return this;
  }

  /** Paths of `.sql`, `.sql.gz` and `.sh` files, which the image runs in this order on the new database. */
  withInitScripts(...paths: string[]): this {
    return this.withCopyFilesToContainer(
      // The image goes by the alphabet.
      paths.map((source) => ({
        source,
        target: `${initFolder}/${ordinal(this.#initScriptCount++)}-${basename(source)}`,
      })),
    );
  }

  override async start(): Promise<StartedMariaDbContainer> {
    return new StartedMariaDbContainer(await super.start(), this.#credentials);
  }

  protected override async beforeContainerCreated(): Promise<void> {
    const { username, password, rootPassword, database } = this.#credentials;
    this.withEnvironment({
      MARIADB_DATABASE: database,
      MARIADB_USER: username,
      MARIADB_PASSWORD: password,
      MARIADB_ROOT_PASSWORD: rootPassword,
    });
  }
}

function ordinal(index: number): string {
  return String(index).padStart(3, "0");
}

export class StartedMariaDbContainer extends AbstractStartedContainer {
  readonly #credentials: Credentials;

  constructor(container: StartedTestContainer, credentials: Credentials) {
    super(container);
    this.#credentials = credentials;
  }

  /** On the host. */
  getPort(): number {
    return this.getMappedPort(port);
  }

  getUsername(): string {
    return this.#credentials.username;
  }

  getPassword(): string {
    return this.#credentials.password;
  }

  getRootPassword(): string {
    return this.#credentials.rootPassword;
  }

  getDatabase(): string {
    return this.#credentials.database;
  }

  /** `mariadb://username:password@host:port/database`, for any client. */
  getConnectionUri(): string {
    return this.#uri(this.getUsername(), this.getPassword());
  }

  /** The same for root. */
  getRootConnectionUri(): string {
    return this.#uri("root", this.getRootPassword());
  }

  #uri(username: string, password: string): string {
    const [name, secret, database] = [username, password, this.getDatabase()].map(encodeURIComponent);
    return `mariadb://${name}:${secret}@${this.getHost()}:${this.getPort()}/${database}`;
  }
}
