import { expect, test } from "vitest";
import {
  GenericContainer,
  getContainerRuntimeClient,
  getReaper,
  LABEL_TESTCONTAINERS_SESSION_ID,
} from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { waitUntil } from "../../support/wait-until";
import { busyboxImage } from "./busybox-image";

const engine = useEngineOfThisFile();

async function sleeper(labels: Record<string, string>): Promise<string> {
  const container = new GenericContainer(await busyboxImage()).withCommand(["sleep", "60"]).withAutoCleanup(false);
  return (await container.withLabels(labels).start()).getId();
}

async function isThere(id: string): Promise<boolean> {
  return (await engine.client.containers.list({ all: true })).some(({ Id }) => Id === id);
}

test("the session of this process is the reaper's, and containers carry its label", async () => {
  const reaper = await getReaper(await getContainerRuntimeClient());
  await using container = await new GenericContainer(await busyboxImage()).withCommand(["sleep", "60"]).start();

  expect(container.getLabels()[LABEL_TESTCONTAINERS_SESSION_ID]).toBe(reaper.sessionId);
  expect(reaper.containerId).toBe("");
});

test("a session takes along what belongs to a compose project that it claims, and nothing else", async () => {
  const session = await engine.client.sessions.open({ Id: "claims", Claims: { "com.docker.compose.project": "mine" } });
  const mine = await sleeper({ "com.docker.compose.project": "mine" });
  const other = await sleeper({ "com.docker.compose.project": "other" });

  session?.close();

  expect(await waitUntil(async () => !(await isThere(mine)), 30_000)).toBe(true);
  expect(await isThere(other)).toBe(true);
  await engine.client.containers.remove(other, { force: true });
});

test("what is added to the reaper keeps this process's company", async () => {
  const reaper = await getReaper(await getContainerRuntimeClient());
  reaper.addSession("a-lambda");
  reaper.addComposeProject("a-project");
  const id = await sleeper({ [LABEL_TESTCONTAINERS_SESSION_ID]: "a-lambda" });

  // Had the session not been joined, its end would be one already.
  const joined = await engine.client.sessions.open({ Id: "a-lambda" });
  joined?.close();
  await joined?.ended();

  expect(await isThere(id)).toBe(true);
  await engine.client.containers.remove(id, { force: true });
});
