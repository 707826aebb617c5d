const { readFileSync } = require("node:fs");
const { PostgreSqlContainer } = require("@testcontainers/postgresql");
const { Client } = require("pg");
const report = require("./report.cjs");

report(async (own) => {
  const { CERTIFICATE, KEY } = process.env;
  const container = await own(new PostgreSqlContainer(process.env.IMAGE).withSSL(CERTIFICATE, KEY).start());
  const ssl = { ca: readFileSync(CERTIFICATE), checkServerIdentity: () => undefined };
  const client = new Client({ connectionString: container.getConnectionUri(), ssl });
  await client.connect();
  const { rows } = await client.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
  await client.end();
  return rows;
});
