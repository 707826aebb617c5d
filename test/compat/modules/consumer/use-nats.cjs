const { NatsContainer } = require("@testcontainers/nats");
const { connect } = require("nats");
const report = require("./report.cjs");

report(async (own) => {
  const container = await own(new NatsContainer(process.env.IMAGE).withUsername("tea").withPass("pot").start());
  const connection = await connect(container.getConnectionOptions());
  const subscription = connection.subscribe("orders", { max: 1 });
  connection.publish("orders", "tea");
  const messages = [];
  for await (const message of subscription) messages.push(message.string());
  await connection.close();
  const wrong = { ...container.getConnectionOptions(), pass: "wrong" };
  const refusal = await connect(wrong).then(
    () => "none",
    ({ code }) => code,
  );
  return { messages, refusal };
});
