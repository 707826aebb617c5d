import { expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { GenericContainer, Network, type StartedTestContainer } from "../../../src/index";
import { killIfThere } from "../../../src/internal/kill-if-there";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { processesOf } from "../../support/leaks/processes";
import { waitUntil } from "../../support/wait-until";

const engine = useNewEngineOfThisFile({ RUNCIBLE_IDLE_SECONDS: "600" });

async function sleeper(): Promise<StartedTestContainer> {
  return new GenericContainer(await busyboxImage()).withCommand(["sleep", "1000"]).start();
}

/** Returns at once: nobody has noticed yet. */
async function killEngine(): Promise<void> {
  const victims = (await processesOf(engine.stateFolder)).filter(({ key }) =>
    /\) \S*node .*engine\/main\.js$/.test(key),
  );
  expect(victims.length).toBeGreaterThan(0);
  for (const { pid } of victims) killIfThere(pid, "SIGKILL");
}

async function engineIsGone(): Promise<void> {
  expect(await waitUntil(async () => (await processesOf(engine.stateFolder)).length === 0, 30_000)).toBe(true);
}

test.each(["at once", "when it is gone"])(
  "the next start after the engine was killed (%s) gets a new engine and session",
  async (when) => {
    await sleeper();
    const { engine: client, session } = await getRuntime();
    const before = await client.system.runcibleInfo();
    const { id } = await session();

    await killEngine();
    if (when !== "at once") await engineIsGone();
    await using container = await sleeper();

    expect((await container.exec(["echo", "again"])).stdout).toBe("again\n");
    const after = await (await getRuntime()).engine.system.runcibleInfo();
    expect(after?.InstanceId).not.toBe(before?.InstanceId);
    expect(container.getLabels()["org.testcontainers.session-id"]).not.toBe(id);
  },
);

test.each(["is gone", "has a successor"])(
  "what went with an engine that was killed is stopped when the engine %s",
  async (then) => {
    const network = await new Network().start();
    const container = await sleeper();
    await killEngine();
    await engineIsGone();
    if (then === "has a successor") await (await sleeper()).stop();

    const stopped = await container.stop();

    expect(stopped.getId()).toBe(container.getId());
    expect(await container.stop()).toBe(stopped);
    await network.stop();
  },
);

test("an error in the body is not hidden by the disposal of what went with the engine", async () => {
  const body = async () => {
    await using _container = await sleeper();
    await killEngine();
    throw new RangeError("the test failed");
  };

  await expect(body()).rejects.toThrow(RangeError);
});

test("a call into a container that went with its engine says so", async () => {
  const container = await sleeper();
  await killEngine();
  await engineIsGone();

  await expect(container.exec(["true"])).rejects.toMatchObject({ code: "engine-unreachable" });
});
