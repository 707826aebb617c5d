import { MariaDbContainer } from "@runcible/mariadb";
import { PostgreSqlContainer } from "@runcible/postgresql";
import { createConnection } from "mariadb";
import { Client } from "pg";
import { beforeAll, expect, test } from "vitest";
import { GenericContainer, Wait } from "../../../src/index";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { serviceImageAs } from "../../support/image/service-image";
import { busyMachine } from "./busy-machine";
import { howOften, inTurns } from "./how-often";

useNewEngineOfThisFile();
beforeAll(async () => {
  await serviceImageAs("postgres", "postgres", "18-alpine");
  await serviceImageAs("mariadb", "mariadb", "11.8");
});

const databases = howOften(6, 500);
const atOnce = 3;
const hoursMs = 3_600_000;

// Both images start a server for themselves first, which fills the database and ends.
test(
  `pain 8: of ${databases} new PostgreSQL servers each takes the first login, while the machine is busy`,
  async () => {
    using _busy = busyMachine();
    let answers = 0;

    await inTurns(databases, atOnce, async () => {
      await using container = await new PostgreSqlContainer().start();
      const client = new Client({ connectionString: container.getConnectionUri() });
      await client.connect();
      expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
      await client.end();
      answers += 1;
    });

    expect(answers).toBe(databases);
  },
  hoursMs,
);

test(
  `pain 8: of ${databases} new MariaDB servers each takes the first login, while the machine is busy`,
  async () => {
    using _busy = busyMachine();
    let answers = 0;

    await inTurns(databases, atOnce, async () => {
      await using container = await new MariaDbContainer().start();
      const connection = await createConnection(container.getConnectionUri());
      expect([...(await connection.query<readonly unknown[]>("SELECT 1 AS one"))]).toEqual([{ one: 1 }]);
      await connection.end();
      answers += 1;
    });

    expect(answers).toBe(databases);
  },
  hoursMs,
);

const lines = howOften(200, 10_000);

test(
  `pain 33: the only line of a container that ends at once is found, ${lines} times of ${lines}`,
  async () => {
    const image = await busyboxImage();
    let found = 0;

    await inTurns(lines, 10, async (index) => {
      await using container = await new GenericContainer(image)
        .withCommand(["echo", `line ${index}.`])
        .withWaitStrategy(Wait.forLogMessage(`line ${index}.`))
        .start();
      expect(container.getId()).toMatch(/^[0-9a-f]{64}$/);
      found += 1;
    });

    expect(found).toBe(lines);
  },
  hoursMs,
);
