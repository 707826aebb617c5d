import { basename } from "node:path";
import { AbstractStartedContainer, GenericContainer, RuncibleError, type StartedTestContainer, Wait } from "runcible";

const defaultImage = "postgres:18-alpine";
const port = 5432;
const initFolder = "/docker-entrypoint-initdb.d";
const maintenanceDatabase = "postgres";

/** What is needed to log in. */
interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly database: string;
}

/** A PostgreSQL server with one database and one superuser. */
export class PostgreSqlContainer extends GenericContainer {
  #credentials: Credentials = { username: "test", password: "test", database: "test" };
  #initScriptCount = 0;

  /** Default image: `postgres:18-alpine`. Any image that takes the official one's environment variables works. */
  constructor(image: string = defaultImage) {
    super(image);
    // The port is there a little before the server takes logins; the server of the image's first start is on no port.
    this.withExposedPorts(port).withWaitStrategy(
      Wait.forAll([Wait.forListeningPorts(), Wait.forSuccessfulCommand(`pg_isready --host=127.0.0.1 --port=${port}`)]),
    );
  }

  /** A superuser. Default: `test`. */
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

  override async start(): Promise<StartedPostgreSqlContainer> {
    return new StartedPostgreSqlContainer(await super.start(), this.#credentials);
  }

  protected override async beforeContainerCreated(): Promise<void> {
    const { username, password, database } = this.#credentials;
    this.withEnvironment({ POSTGRES_USER: username, POSTGRES_PASSWORD: password, POSTGRES_DB: database });
  }
}

function ordinal(index: number): string {
  return String(index).padStart(3, "0");
}

export class StartedPostgreSqlContainer extends AbstractStartedContainer {
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

  getDatabase(): string {
    return this.#credentials.database;
  }

  /** `postgres://username:password@host:port/database`, for any client. */
  getConnectionUri(): string {
    const [username, password, database] = [this.getUsername(), this.getPassword(), this.getDatabase()].map(
      encodeURIComponent,
    );
    return `postgres://${username}:${password}@${this.getHost()}:${this.getPort()}/${database}`;
  }

  /**
   * Keeps the database as it is now, under a name, for `restore`. A snapshot of that name is replaced. Ends every
   * connection to the database. Throws `invalid-argument` for a name that a database of another use has.
   */
  async snapshot(name: string = "snapshot"): Promise<void> {
    this.#checkSnapshotName(name);
    await this.#replace(name, this.getDatabase());
  }

  /** Puts the database back to a snapshot, as often as wanted. Ends every connection to the database. */
  async restore(name: string = "snapshot"): Promise<void> {
    this.#checkSnapshotName(name);
    const found = await this.#query(`SELECT 1 FROM pg_database WHERE datname = ${literal(name)}`);
    if (found === "") {
      const names = `take it with snapshot(${JSON.stringify(name)}) before`;
      throw new RuncibleError("invalid-argument", `restore ${name}: there is no such snapshot; ${names}`);
    }
    await this.#replace(this.getDatabase(), name);
  }

  /**
   * One database becomes a copy of another. A database with connections can neither be dropped nor copied, and a pool
   * connects again at once, so it must not. All versions of the server know this way, also for a database that is not
   * there.
   */
  async #replace(database: string, template: string): Promise<void> {
    const names = `${literal(database)}, ${literal(template)}`;
    const allowConnections = (isAllowed: boolean): string =>
      `UPDATE pg_database SET datallowconn = ${isAllowed} WHERE datname IN (${names})`;
    try {
      await this.#query(
        allowConnections(false),
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN (${names})`,
        `DROP DATABASE IF EXISTS ${identifier(database)}`,
        `CREATE DATABASE ${identifier(database)} TEMPLATE ${identifier(template)} OWNER ${identifier(this.getUsername())}`,
        allowConnections(true),
      );
    } catch (error) {
      await this.#query(allowConnections(true)).catch(() => {});
      throw error;
    }
  }

  #checkSnapshotName(name: string): void {
    const taken = [maintenanceDatabase, "template0", "template1", this.getDatabase()];
    if (taken.includes(name)) {
      throw new RuncibleError("invalid-argument", `snapshot ${name}: a database in use has this name; choose another`);
    }
    if (this.getDatabase() === maintenanceDatabase) {
      const advice = "give the container another with withDatabase()";
      throw new RuncibleError(
        "invalid-argument",
        `snapshot ${name}: ${maintenanceDatabase} cannot be copied; ${advice}`,
      );
    }
  }

  /** Runs statements one by one, outside of a transaction; the result is what they print. */
  async #query(...statements: string[]): Promise<string> {
    const options = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"];
    const login = [`--username=${this.getUsername()}`, `--dbname=${maintenanceDatabase}`];
    const commands = statements.map((statement) => `--command=${statement}`);
    const { stdout, stderr, exitCode } = await this.exec(["psql", ...options, ...login, ...commands]);
    if (exitCode === 0) return stdout.trim();
    throw new RuncibleError("command-failed", `run psql in PostgreSQL: ${stderr.trim()}`, {
      evidence: { statements, exitCode, stderr },
    });
  }
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
