const { RedisContainer } = require("@testcontainers/redis");
const { Redis } = require("ioredis");
const report = require("./report.cjs");

report(async (own) => {
  const { IMAGE, DATA, FOLDER } = process.env;
  const container = await own(
    new RedisContainer(IMAGE).withPassword("secret").withInitialData(DATA).withPersistence(FOLDER).start(),
  );
  const redis = new Redis(container.getConnectionUrl());
  const imported = await redis.get("imported");
  redis.disconnect();
  return { imported };
});
