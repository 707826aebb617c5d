import { spawn } from "node:child_process";
import { PostgreSqlContainer } from "@runcible/postgresql";
import { Client } from "pg";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { GenericContainer, Wait } from "../../../src/index";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { serviceImageAs } from "../../support/image/service-image";

useNewEngineOfThisFile();
beforeAll(async () => {
  await serviceImageAs("postgres", "postgres", "18-alpine");
});

test("pain 8: the first login to each of twelve new databases succeeds, while the machine is busy", async () => {
  const busy = [1, 2].map(() => spawn("sh", ["-c", "while :; do :; done"], { stdio: "ignore" }));
  onTestFinished(() => busy.forEach((child) => void child.kill("SIGKILL")));

  for (let round = 0; round < 4; round++) {
    await Promise.all(
      [1, 2, 3].map(async () => {
        await using container = await new PostgreSqlContainer().start();
        const client = new Client({ connectionString: container.getConnectionUri() });
        await client.connect();
        expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
        await client.end();
      }),
    );
  }
});

test("pain 33: the only line of a container that has ended at once is found, two hundred times of two hundred", async () => {
  const image = await busyboxImage();

  for (let round = 0; round < 20; round++) {
    await Promise.all(
      Array.from({ length: 10 }, async (_, index) => {
        await using container = await new GenericContainer(image)
          .withCommand(["echo", `line ${round} ${index}`])
          .withWaitStrategy(Wait.forLogMessage(`line ${round} ${index}`))
          .start();
        expect(container.getId()).toMatch(/^[0-9a-f]{64}$/);
      }),
    );
  }
});
