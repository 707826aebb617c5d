import { NatsContainer } from "@runcible/nats";
import { connect } from "nats";
import { beforeAll, expect, test } from "vitest";
import { serviceImageAs } from "../../../test/support/image/service-image";

beforeAll(async () => {
  await serviceImageAs("nats", "nats", "2-alpine");
});

test("a client connects with the options, and messages go through", async () => {
  const words: string[] = [];
  // #region readme
  await using container = await new NatsContainer().start();
  const connection = await connect(container.getConnectionOptions());

  const subscription = connection.subscribe("orders", { max: 1 });
  connection.publish("orders", "tea");
  // #endregion
  for await (const message of subscription) words.push(message.string());
  expect(words).toEqual(["tea"]);
  await connection.close();
});

test("the user and the password are those that were asked for", async () => {
  await using container = await new NatsContainer().withUsername("o'neil").withPassword("p@ss:/?# word").start();

  expect(container.getConnectionUri()).toBe(`nats://o'neil:p%40ss%3A%2F%3F%23%20word@localhost:${container.getPort()}`);
  await (await connect(container.getConnectionOptions())).close();
  const wrong = { ...container.getConnectionOptions(), pass: "wrong" };
  await expect(connect(wrong)).rejects.toThrow(/authorization/i);
});

test("JetStream keeps values", async () => {
  await using container = await new NatsContainer().withJetStream().start();
  const connection = await connect(container.getConnectionOptions());
  const bucket = await connection.jetstream().views.kv("goods");

  await bucket.put("tea", "green");

  expect((await bucket.get("tea"))?.string()).toBe("green");
  await connection.close();
});

test("the server tells about itself, with the arguments that it was given", async () => {
  await using container = await new NatsContainer().withArguments("--name", "teapot").start();

  const answer = await fetch(`${container.getMonitoringUri()}/varz`);

  expect(await answer.json()).toMatchObject({ server_name: "teapot" });
});
