const { RabbitMQContainer } = require("@testcontainers/rabbitmq");
const { connect } = require("amqplib");
const report = require("./report.cjs");

report(async (own) => {
  const container = await own(new RabbitMQContainer(process.env.IMAGE).start());
  const connection = await connect(container.getAmqpUrl());
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue("orders");
  channel.sendToQueue("orders", Buffer.from("tea"));
  await channel.waitForConfirms();
  const message = await channel.get("orders", { noAck: true });
  await connection.close();
  return { message: message.content.toString() };
});
