import { expect, test } from "vitest";
import type { Environment } from "../../../src/api/container/types";
import { GenericContainer, Wait } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { busyboxImage } from "./busybox-image";

useEngineOfThisFile();

test("the first process of a container knows where its ports are published", async () => {
  await using container = await new GenericContainer(await busyboxImage())
    .withExposedPorts(80, "53/udp", { container: 81, host: 0 })
    .withEnvironment({ PLAIN: "1", WINS: "no" })
    .withEnvironment(({ host, port }) => ({ ADVERTISED: `${host}:${port(80)},${port("53/udp")}`, WINS: "yes" }))
    .withCommand(["sh", "-c", "echo $PLAIN $WINS $ADVERTISED; sleep 60"])
    .withWaitStrategy(Wait.forLogMessage("1 yes"))
    .start();

  let text = "";
  for await (const chunk of await container.logs()) {
    text += chunk;
    if (text.includes("\n")) break;
  }
  const ports = `${container.getMappedPort(80)},${container.getMappedPort("53/udp")}`;
  expect(text).toBe(`1 yes ${container.getHost()}:${ports}\n`);
});

test("containers that are started at once get ports of their own", async () => {
  const image = await busyboxImage();
  const starts = Array.from({ length: 5 }, () =>
    new GenericContainer(image)
      .withExposedPorts(80)
      .withEnvironment(({ port }) => ({ PORT: String(port(80)) }))
      .withCommand(["httpd", "-f", "-p", "80"])
      .start(),
  );
  const started = await Promise.all(starts);

  for (const container of started) {
    expect((await container.exec(["sh", "-c", "echo $PORT"])).stdout).toBe(`${container.getMappedPort(80)}\n`);
  }
  await Promise.all(started.map((container) => container.stop()));
});

test("a port that is not exposed is an error, and nothing is left", async () => {
  const container = new GenericContainer(await busyboxImage()).withEnvironment(({ port }) => ({ A: String(port(9)) }));

  await expect(container.start()).rejects.toMatchObject({
    code: "invalid-argument",
    message: expect.stringMatching(/:9\/tcp; add 9 to withExposedPorts/),
  });
});

test("an environment that is not there at once is an error: the container would have none of it", async () => {
  const environmentOf = async (): Promise<Environment> => ({ A: "b" });
  const container = new GenericContainer(await busyboxImage()).withEnvironment(
    environmentOf as unknown as () => Environment,
  );

  await expect(container.start()).rejects.toMatchObject({
    code: "invalid-argument",
    message: expect.stringContaining("without async"),
  });
});
