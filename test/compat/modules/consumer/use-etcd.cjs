const { EtcdContainer } = require("@testcontainers/etcd");
const { Etcd3 } = require("etcd3");
const report = require("./report.cjs");

report(async (own) => {
  const container = await own(new EtcdContainer(process.env.IMAGE).start());
  const client = new Etcd3({ hosts: container.getClientEndpoint() });
  await client.put("greeting").value("hello");
  const greeting = await client.get("greeting").string();
  client.close();
  return { greeting };
});
