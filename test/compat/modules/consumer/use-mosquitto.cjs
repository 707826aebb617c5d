const { MosquittoContainer } = require("@testcontainers/mosquitto");
const { connectAsync } = require("mqtt");
const report = require("./report.cjs");

async function roundTrip(uri) {
  const client = await connectAsync(uri);
  const received = new Promise((resolve) => client.on("message", (_topic, message) => resolve(message.toString())));
  await client.subscribeAsync("orders");
  await client.publishAsync("orders", "tea");
  const message = await received;
  await client.endAsync();
  return message;
}

report(async (own) => {
  const open = await own(new MosquittoContainer(process.env.IMAGE).start());
  const guarded = await own(new MosquittoContainer(process.env.IMAGE).withUsername("tea").withPassword("p@t").start());
  const anonymous = guarded.getConnectionString().replace(/\/\/.*@/, "//");
  const refusal = await connectAsync(anonymous, { reconnectPeriod: 0 }).then(
    () => "none",
    ({ message }) => message,
  );
  return {
    open: await roundTrip(open.getConnectionString()),
    guarded: await roundTrip(guarded.getConnectionString()),
    refusal,
  };
});
