import { connect } from "node:net";
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { GenericContainer, type StartedTestContainer, Wait } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { useServiceImages } from "./service-images";

useEngineOfThisFile();
const images = useServiceImages(["redis"]);
const redis = (): GenericContainer => new GenericContainer(images.nameOf("redis")).withExposedPorts(6379);

function clientOf(container: StartedTestContainer, host = container.getHost()): Redis {
  return new Redis({ host, port: container.getMappedPort(6379), maxRetriesPerRequest: 0, retryStrategy: () => null });
}

/** One connection, one PING, its answer. */
function ping(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port }, () => socket.write("PING\r\n"));
    socket.once("error", reject);
    socket.once("data", (answer) => {
      socket.destroy();
      resolve(answer.toString());
    });
  });
}

test("the first connection to each of twenty fresh containers is answered", async () => {
  for (let count = 0; count < 20; count++) {
    await using container = await redis().start();

    expect(await ping(container.getMappedPort(6379))).toBe("+PONG\r\n");
  }
});

test("data outlives a restart, and the client finds the service again", async () => {
  await using container = await redis().withWaitStrategy(Wait.forLogMessage("Ready to accept connections")).start();
  const before = clientOf(container);
  await before.set("kept", "yes");
  await before.save();
  before.disconnect();

  await container.restart();

  const after = clientOf(container);
  expect(await after.get("kept")).toBe("yes");
  after.disconnect();
});

test("a command waits and an exec talks to the service inside", async () => {
  await using container = await redis().withWaitStrategy(Wait.forSuccessfulCommand("redis-cli ping")).start();

  const { stdout, exitCode } = await container.exec(["redis-cli", "incr", "counter"]);

  expect({ stdout, exitCode }).toEqual({ stdout: "1\n", exitCode: 0 });
});
