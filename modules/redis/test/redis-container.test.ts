import { RedisContainer } from "@runcible/redis";
import { Redis } from "ioredis";
import { beforeAll, expect, test } from "vitest";
import { serviceImage, serviceImageAs } from "../../../test/support/image/service-image";
import { useTextFile } from "../../../test/support/text-file";

beforeAll(async () => {
  await serviceImageAs("redis", "redis", "8-alpine");
});

test("a client finds the server by its URI, with the password", async () => {
  // #region readme
  await using container = await new RedisContainer().withPassword("secret").start();
  const redis = new Redis(container.getConnectionUri());

  await redis.set("greeting", "hello");
  // #endregion
  expect(await redis.get("greeting")).toBe("hello");
  redis.disconnect();
});

test("without a password anybody connects", async () => {
  await using container = await new RedisContainer().start();

  expect(container.getConnectionUri()).toBe(`redis://localhost:${container.getPort()}`);
  expect(await container.executeCommand("PING")).toBe("PONG");
});

test("a password is needed, whatever characters it has", async () => {
  await using container = await new RedisContainer().withPassword("a b@:/?#").start();
  const [right, wrong] = [new Redis(container.getConnectionUri()), new Redis(container.getPort())];
  wrong.on("error", () => {});

  expect(await right.ping()).toBe("PONG");
  await expect(wrong.ping()).rejects.toThrow(/NOAUTH/);
  for (const redis of [right, wrong]) redis.disconnect();
});

test("init scripts have run when the start is over, in their order", async () => {
  const scripts = [useTextFile("first.redis", "SET a 1\nRPUSH list x y\n"), useTextFile("second.redis", "INCR a\n")];
  await using container = await new RedisContainer()
    .withPassword("secret")
    .withInitScripts(...scripts)
    .start();

  expect(await container.executeCommand("GET", "a")).toBe("2");
  expect(await container.executeCommand("LLEN", "list")).toBe("2");
});

test("an init script that the server refuses fails the start, and says why", async () => {
  const script = useTextFile("wrong.redis", "SET a 1\nINCR a b c\n");

  const failure = new RedisContainer().withInitScripts(script).start();

  await expect(failure).rejects.toMatchObject({ message: expect.stringContaining("wrong number of arguments") });
});

test("options of the server go with a password, and a container starts again", async () => {
  const container = new RedisContainer().withCommand(["redis-server", "--maxmemory", "64mb"]).withPassword("secret");
  for (let count = 0; count < 2; count++) {
    await using started = await container.start();
    expect(await started.executeCommand("CONFIG", "GET", "maxmemory")).toMatch(/67108864$/);
  }
});

test("what is saved is there after a restart", async () => {
  await using container = await new RedisContainer().start();
  await container.executeCommand("SET", "kept", "yes");
  await container.executeCommand("SAVE");

  await container.restart();

  expect(await container.executeCommand("GET", "kept")).toBe("yes");
});

test("a reused container is the same one, with what its init scripts did once", async () => {
  const script = useTextFile("count.redis", "INCR count\n");
  const request = (): RedisContainer => new RedisContainer().withPassword("secret").withInitScripts(script).withReuse();
  await using first = await request().start();

  const second = await request().start();

  expect(second.getId()).toBe(first.getId());
  expect(await second.executeCommand("GET", "count")).toBe("1");
});

test("Valkey is run by the same class", async () => {
  await using container = await new RedisContainer(await serviceImage("valkey")).withPassword("secret").start();

  expect(await container.executeCommand("PING")).toBe("PONG");
});
