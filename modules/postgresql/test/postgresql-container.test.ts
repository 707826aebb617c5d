import { gzipSync } from "node:zlib";
import { PostgreSqlContainer, type StartedPostgreSqlContainer } from "@runcible/postgresql";
import { Client } from "pg";
import { beforeAll, expect, test } from "vitest";
import { serviceImageAs } from "../../../test/support/image/service-image";
import { useTextFile } from "../../../test/support/text-file";

beforeAll(async () => {
  await serviceImageAs("postgres", "postgres", "18-alpine");
});

async function query(container: StartedPostgreSqlContainer, sql: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: container.getConnectionUri() });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test("a client finds the server by its URI", async () => {
  // #region readme
  await using container = await new PostgreSqlContainer().start();
  const client = new Client({ connectionString: container.getConnectionUri() });

  await client.connect();
  const { rows } = await client.query("SELECT 6 * 7 AS answer");
  // #endregion
  expect(rows).toEqual([{ answer: 42 }]);
  await client.end();
});

test("the database and its user have the names and the password that were asked for", async () => {
  const names = { username: "Miss Tea", password: "p@ss:/?# 'word", database: "my shop" };
  await using container = await new PostgreSqlContainer()
    .withUsername(names.username)
    .withPassword(names.password)
    .withDatabase(names.database)
    .start();

  expect(await query(container, "SELECT current_user::text AS name, current_database()::text AS database")).toEqual([
    { name: names.username, database: names.database },
  ]);
  const wrong = new Client({ ...names, user: names.username, password: "wrong", port: container.getPort() });
  await expect(wrong.connect()).rejects.toMatchObject({ code: "28P01" });
});

test("init scripts of every kind have run when the start is over, in their order", async () => {
  const scripts = [
    useTextFile("z.sql", "CREATE TABLE goods (name text)"),
    useTextFile("y.sql.gz", gzipSync("INSERT INTO goods VALUES ('tea')")),
    useTextFile(
      "x.sh",
      `psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" -c "INSERT INTO goods VALUES ('jam')"`,
    ),
  ];
  await using container = await new PostgreSqlContainer().withInitScripts(...scripts).start();

  expect(await query(container, "SELECT name FROM goods ORDER BY name")).toEqual([{ name: "jam" }, { name: "tea" }]);
});

test("an init script with an error fails the start, and its message is told", async () => {
  const failure = new PostgreSqlContainer().withInitScripts(useTextFile("a.sql", "SELECT nonsense")).start();

  await expect(failure).rejects.toMatchObject({
    code: "start-failed",
    message: expect.stringContaining('column "nonsense" does not exist'),
  });
});

test("a restore brings back what the snapshot has, again and again", async () => {
  await using container = await new PostgreSqlContainer().withDatabase('a "shop"').start();
  await query(container, "CREATE TABLE goods AS SELECT 'tea' AS name");
  await container.snapshot();

  for (let count = 0; count < 2; count++) {
    await query(container, "INSERT INTO goods VALUES ('jam')");
    await query(container, "CREATE TABLE more ()");
    await container.restore();
    expect(await query(container, "SELECT name FROM goods")).toEqual([{ name: "tea" }]);
    expect(await query(container, "SELECT to_regclass('more') AS more")).toEqual([{ more: null }]);
  }
});

test("snapshots have names, and one of the same name is replaced", async () => {
  await using container = await new PostgreSqlContainer().start();
  const count = async (): Promise<unknown> => (await query(container, "SELECT count(*)::int AS rows FROM facts"))[0];
  await query(container, "CREATE TABLE facts ()");
  await container.snapshot("empty");
  await container.snapshot("filled");
  await query(container, "INSERT INTO facts DEFAULT VALUES");
  await container.snapshot("filled");

  await container.restore("empty");
  expect(await count()).toEqual({ rows: 0 });
  await container.restore("filled");
  expect(await count()).toEqual({ rows: 1 });
});

test("connections that are open do not keep a snapshot from being taken or restored", async () => {
  await using container = await new PostgreSqlContainer().start();
  const client = new Client({ connectionString: container.getConnectionUri() });
  const ended = new Promise<string>((resolve) => client.on("error", ({ message }) => resolve(message)));
  await client.connect();

  await container.snapshot();

  expect(await ended).toMatch(/terminat/);
});

test("a pool that connects again at once keeps neither from being done", async () => {
  await using container = await new PostgreSqlContainer().start();
  let isOver = false;
  const keepConnecting = async (): Promise<void> => {
    while (!isOver) {
      const client = new Client({ connectionString: container.getConnectionUri() });
      client.on("error", () => {});
      await client
        .connect()
        .then(() => client.query("SELECT pg_sleep(0.02)"))
        .catch(() => {});
      await client.end().catch(() => {});
    }
  };
  const pool = Promise.all([keepConnecting(), keepConnecting(), keepConnecting()]);

  for (let count = 0; count < 3; count++) {
    await container.snapshot();
    await container.restore();
  }

  isOver = true;
  await pool;
  expect(await query(container, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
});

test("a snapshot under a name in use, and one that was never taken, are refused", async () => {
  await using container = await new PostgreSqlContainer().start();

  for (const name of ["test", "postgres", "template1"]) {
    await expect(container.snapshot(name)).rejects.toMatchObject({ code: "invalid-argument" });
  }
  await expect(container.restore("never")).rejects.toMatchObject({ code: "invalid-argument" });
  await using other = await new PostgreSqlContainer().withDatabase("postgres").start();
  await expect(other.snapshot()).rejects.toThrow(/withDatabase/);
});

test("options of the server are kept", async () => {
  await using container = await new PostgreSqlContainer().withCommand(["postgres", "-c", "work_mem=7MB"]).start();

  expect(await query(container, "SHOW work_mem")).toEqual([{ work_mem: "7MB" }]);
});

test("data outlives a restart, after which the server takes logins at once", async () => {
  await using container = await new PostgreSqlContainer().start();
  await query(container, "CREATE TABLE facts AS SELECT 42 AS answer");

  await container.restart({ timeout: 10_000 });

  expect(await query(container, "SELECT answer FROM facts")).toEqual([{ answer: 42 }]);
});
