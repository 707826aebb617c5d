const { MySqlContainer } = require("@testcontainers/mysql");
const { createConnection } = require("mysql2/promise");
const report = require("./report.cjs");

report(async (own) => {
  const container = await own(new MySqlContainer(process.env.IMAGE).withDatabase("shop").start());
  const connection = await createConnection(container.getConnectionUri());
  await connection.query("CREATE TABLE goods (name text)");
  await connection.query("INSERT INTO goods VALUES ('tea')");
  const [rows] = await connection.query("SELECT name FROM goods");
  await connection.end();
  const output = await container.executeQuery("SELECT count(*) AS count FROM shop.goods", [], true);
  return { rows, output };
});
