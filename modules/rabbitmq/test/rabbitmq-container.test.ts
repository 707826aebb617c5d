import { RabbitMqContainer } from "@runcible/rabbitmq";
import { connect } from "amqplib";
import { beforeAll, expect, test } from "vitest";
import { serviceImageAs } from "../../../test/support/image/service-image";
import { useTextFile } from "../../../test/support/text-file";

beforeAll(async () => {
  await serviceImageAs("rabbitmq", "rabbitmq", "4-management-alpine");
});

test("a client finds the broker by its URI", async () => {
  // #region readme
  await using container = await new RabbitMqContainer().start();
  const connection = await connect(container.getConnectionUri());

  const channel = await connection.createChannel();
  await channel.assertQueue("orders");
  channel.sendToQueue("orders", Buffer.from("tea"));
  const message = await channel.get("orders");
  // #endregion
  expect(message).toMatchObject({ content: Buffer.from("tea") });
  await connection.close();
});

test("the user has the name, the password and the virtual host that were asked for, here and at the management", async () => {
  await using container = await new RabbitMqContainer()
    .withUsername("o'neil")
    .withPassword("p@ss:/?# word")
    .withVirtualHost("my/shop")
    .start();

  await (await connect(container.getConnectionUri())).close();
  const wrong = container.getConnectionUri().replace("word", "wrong");
  await expect(connect(wrong)).rejects.toThrow(/ACCESS_REFUSED/);
  const authorization = `Basic ${Buffer.from("o'neil:p@ss:/?# word").toString("base64")}`;
  const answer = await fetch(`${container.getManagementUri()}/api/vhosts`, { headers: { authorization } });
  expect(await answer.json()).toMatchObject([{ name: "my/shop" }]);
});

test("definitions are there when the start is over, and the user as well", async () => {
  const queue = { name: "orders", vhost: "/", durable: true, auto_delete: false, arguments: {} };
  const exchange = { ...queue, name: "shop", type: "fanout", internal: false };
  const binding = { source: "shop", vhost: "/", destination: "orders", destination_type: "queue" };
  const bindings = [{ ...binding, routing_key: "", arguments: {} }];
  await using container = await new RabbitMqContainer()
    .withDefinitions(useTextFile("queues.json", JSON.stringify({ queues: [queue] })))
    .withDefinitions(useTextFile("rest.json", JSON.stringify({ exchanges: [exchange], bindings })))
    .start();
  const connection = await connect(container.getConnectionUri());
  const channel = await connection.createConfirmChannel();

  channel.publish("shop", "", Buffer.from("jam"));
  await channel.waitForConfirms();

  expect(await channel.checkQueue("orders")).toMatchObject({ messageCount: 1 });
  await connection.close();
});

test("definitions that are none fail the start, and say why", async () => {
  const failure = new RabbitMqContainer().withDefinitions(useTextFile("wrong.json", "not JSON")).start();

  await expect(failure).rejects.toMatchObject({ message: expect.stringContaining("import_definitions") });
});
