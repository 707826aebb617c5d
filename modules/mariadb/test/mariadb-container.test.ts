import { gzipSync } from "node:zlib";
import { MariaDbContainer } from "@runcible/mariadb";
import { createConnection } from "mariadb";
import { beforeAll, expect, test } from "vitest";
import { serviceImageAs } from "../../../test/support/image/service-image";
import { useTextFile } from "../../../test/support/text-file";

beforeAll(async () => {
  await serviceImageAs("mariadb", "mariadb", "11.8");
});

async function query(uri: string, sql: string): Promise<readonly unknown[]> {
  const connection = await createConnection(uri);
  try {
    return [...(await connection.query<readonly unknown[]>(sql))];
  } finally {
    await connection.end();
  }
}

test("a client finds the server by its URI", async () => {
  // #region readme
  await using container = await new MariaDbContainer().start();
  const connection = await createConnection(container.getConnectionUri());

  const rows = await connection.query("SELECT 6 * 7 AS answer");
  // #endregion
  expect([...rows]).toEqual([{ answer: 42 }]);
  await connection.end();
});

test("the user has the name, the password and the database that were asked for, and root has all", async () => {
  await using container = await new MariaDbContainer()
    .withUsername("o'neil")
    .withPassword("p@ss:/?# 'wo\\rd")
    .withRootPassword("another")
    .withDatabase("my shop")
    .start();

  const [row] = await query(container.getConnectionUri(), "SELECT user() AS name, database() AS db");
  expect(row).toMatchObject({ name: expect.stringMatching(/^o'neil@/), db: "my shop" });
  await query(container.getConnectionUri(), "CREATE TABLE goods AS SELECT 'tea' AS name").catch(() => {});
  expect(await query(container.getRootConnectionUri(), "SELECT name FROM goods")).toEqual([{ name: "tea" }]);
  await expect(query(container.getRootConnectionUri().replace("another", "wrong"), "SELECT 1")).rejects.toMatchObject({
    code: "ER_ACCESS_DENIED_ERROR",
  });
});

test("init scripts of every kind have run when the start is over, in their order", async () => {
  const scripts = [
    useTextFile("z.sql", "CREATE TABLE goods (name text)"),
    useTextFile("y.sql.gz", gzipSync("INSERT INTO goods VALUES ('tea')")),
    useTextFile("x.sh", `mariadb --user=root "$MARIADB_DATABASE" --execute="INSERT INTO goods VALUES ('jam')"`),
  ];
  await using container = await new MariaDbContainer().withInitScripts(...scripts).start();

  const rows = await query(container.getConnectionUri(), "SELECT name FROM goods ORDER BY name");
  expect(rows).toEqual([{ name: "jam" }, { name: "tea" }]);
});

test("an init script with an error fails the start, and its message is told", async () => {
  const failure = new MariaDbContainer().withInitScripts(useTextFile("a.sql", "SELECT nonsense")).start();

  await expect(failure).rejects.toMatchObject({
    code: "start-failed",
    message: expect.stringContaining("Unknown column 'nonsense'"),
  });
});

test("options of the server are kept, and data outlives a restart", async () => {
  await using container = await new MariaDbContainer().withCommand(["--max-connections=77"]).start();
  const uri = (): string => container.getConnectionUri();
  await query(uri(), "CREATE OR REPLACE TABLE facts (answer int)").catch(() => {});

  await container.restart({ timeout: 10_000 });

  expect(await query(uri(), "SELECT @@max_connections AS max, count(*) AS facts FROM facts")).toMatchObject([
    { max: 77n, facts: 0n },
  ]);
});
