const { ValkeyContainer } = require("@testcontainers/valkey");
const { Redis } = require("ioredis");
const report = require("./report.cjs");

report(async (own) => {
  const { IMAGE, DATA, FOLDER } = process.env;
  const container = await own(
    new ValkeyContainer(IMAGE).withPassword("secret").withInitialData(DATA).withPersistence(FOLDER).start(),
  );
  const redis = new Redis(container.getConnectionUrl());
  const imported = await redis.get("imported");
  redis.disconnect();
  return { imported };
});
