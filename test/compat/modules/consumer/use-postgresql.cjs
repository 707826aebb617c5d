const { PostgreSqlContainer } = require("@testcontainers/postgresql");
const { Client } = require("pg");
const report = require("./report.cjs");

async function query(container, sql) {
  const client = new Client({ connectionString: container.getConnectionUri() });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

report(async (own) => {
  const container = await own(new PostgreSqlContainer(process.env.IMAGE).withDatabase("shop").start());
  await query(container, "CREATE TABLE goods AS SELECT 'tea' AS name");
  await container.snapshot();
  await query(container, "DROP TABLE goods");
  await container.restoreSnapshot();
  const names = await query(container, "SELECT name, current_database()::text AS database FROM goods");
  await container.restart();
  const afterRestart = await query(container, "SELECT name FROM goods");
  return { names, afterRestart };
});
