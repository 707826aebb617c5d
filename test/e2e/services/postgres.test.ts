import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { expect, test } from "vitest";
import { GenericContainer, type StartedTestContainer, Wait } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { useServiceImages } from "./service-images";

const engine = useEngineOfThisFile();
const images = useServiceImages(["postgres"]);
const postgres = (): GenericContainer =>
  new GenericContainer(images.nameOf("postgres"))
    .withEnvironment({ POSTGRES_PASSWORD: "secret", POSTGRES_DB: "shop" })
    .withExposedPorts(5432)
    .withWaitStrategy(Wait.forAll([Wait.forLogMessage(/ready to accept connections/, 2), Wait.forListeningPorts()]));

async function query(container: StartedTestContainer, sql: string): Promise<readonly unknown[]> {
  const client = new Client({
    ...{ host: container.getHost(), port: container.getMappedPort(5432) },
    ...{ user: "postgres", password: "secret", database: "shop" },
  });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test("PostgreSQL runs as its own user, and a named volume hands its data on to the next container", async () => {
  const volume = `shop-${randomUUID()}`;
  const request = (): GenericContainer =>
    postgres().withBindMounts([{ source: volume, target: "/var/lib/postgresql/data" }]);
  try {
    const first = await request().start();
    expect((await first.exec(["id", "-u"])).stdout).toBe("70\n");
    await query(first, "create table goods as select 'tea' as name");
    await first.stop({ timeout: 10_000 });

    await using second = await request()
      .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/))
      .start();
    expect(await query(second, "select name from goods")).toEqual([{ name: "tea" }]);
  } finally {
    await engine.client.volumes.remove(volume, { force: true });
  }
});
