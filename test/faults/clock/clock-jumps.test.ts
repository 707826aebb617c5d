import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { connect } from "../../../src/client/connect";
import { useTestEngine } from "../../support/engine";
import { waitUntil } from "../../support/wait-until";
import { fakeClock } from "../support/faked-clock";

const image = "host/busybox:local";
const hour = 3_600;

test.each([
  ["back by an hour", -hour],
  ["back by a year", -365 * 24 * hour],
  ["on by a day", 24 * hour],
])("an engine whose clock is set %s while it works goes on as before", async (_how, seconds) => {
  await using clock = await fakeClock();
  await using engine = await useTestEngine({
    ...{ DOCKER_HOST: "", RUNCIBLE_HOST: "", RUNCIBLE_IDLE_SECONDS: "600" },
    ...clock.settings,
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  });
  const { client } = await connect();
  await client.images.buildHostImage({ Name: image, Executables: ["busybox"], Config: {} });
  const script = "while :; do echo tick; busybox sleep 0.1; done";
  const start = async (more: object = {}): Promise<string> => {
    const { Id } = await client.containers.create({ Image: image, Cmd: ["busybox", "sh", "-c", script], ...more });
    await client.containers.start(Id);
    return Id;
  };
  const Healthcheck = { Test: ["CMD", "busybox", "true"], Interval: 200_000_000, StartPeriod: 1_000_000_000 };
  const before = await start({ Healthcheck });

  await clock.set(`${seconds < 0 ? "" : "+"}${seconds}`);
  const seen = (await client.system.info())["SystemTime"];
  expect(Math.abs(Date.parse(String(seen)) - Date.now() - seconds * 1000)).toBeLessThan(hour * 500);

  const after = await start({ HostConfig: { RestartPolicy: { Name: "always" } } });
  for (const id of [before, after]) {
    const { State } = await client.containers.inspect(id);
    // As clients ask that wait for a line of the current run.
    const since = Date.parse(State.StartedAt) / 1000;
    const hasLines = async (): Promise<boolean> =>
      (await text(await client.containers.logs(id, { since }))).includes("tick");
    expect(await waitUntil(hasLines, 10_000)).toBe(true);
  }
  const isHealthy = async (): Promise<boolean> =>
    (await client.containers.inspect(before)).State.Health?.Status === "healthy";
  expect(await waitUntil(isHealthy, 10_000)).toBe(true);
  await client.containers.stop(before, { timeoutSeconds: 0 });
  const { State } = await client.containers.inspect(before);
  expect(Date.parse(State.FinishedAt)).toBeGreaterThan(Date.parse(State.StartedAt));

  for (const id of [before, after]) await client.containers.remove(id, { force: true });
  client.close();
  expect(await readFile(join(engine.stateFolder, "engine.log"), "utf8")).not.toContain("defect:");
});
