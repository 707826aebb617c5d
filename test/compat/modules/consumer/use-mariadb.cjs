const { MariaDbContainer } = require("@testcontainers/mariadb");
const { createConnection } = require("mariadb");
const report = require("./report.cjs");

report(async (own) => {
  const container = await own(new MariaDbContainer(process.env.IMAGE).withUserPassword("pass-word").start());
  const rowsOf = async (uri, sql) => {
    const connection = await createConnection(uri);
    try {
      return [...(await connection.query(sql))];
    } finally {
      await connection.end();
    }
  };
  const [user, root] = [container.getConnectionUri(), container.getConnectionUri(true)];
  const names = [
    ...(await rowsOf(user, "SELECT current_user() AS name, database() AS db")),
    ...(await rowsOf(root, "SELECT current_user() AS name, database() AS db")),
  ];
  await container.restart();
  return { names, afterRestart: await rowsOf(container.getConnectionUri(), "SELECT 'up' AS state") };
});
