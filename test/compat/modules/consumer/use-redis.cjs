const { RedisContainer } = require("@testcontainers/redis");
const { Redis } = require("ioredis");
const report = require("./report.cjs");

report(async (own) => {
  const open = await own(new RedisContainer(process.env.IMAGE).start());
  const guarded = await own(new RedisContainer(process.env.IMAGE).withPassword("secret").start());
  const redis = new Redis(guarded.getConnectionUrl());
  await redis.set("greeting", "hello");
  const greeting = await redis.get("greeting");
  redis.disconnect();
  return { greeting, ping: (await open.executeCliCmd("PING")).trim() };
});
