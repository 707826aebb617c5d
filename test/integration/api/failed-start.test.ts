import { expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { GenericContainer, type RuncibleError, Wait } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { busyboxImage } from "./busybox-image";

useEngineOfThisFile();

async function failureOf(container: GenericContainer): Promise<RuncibleError> {
  return container.start().then(
    () => expect.fail("it started"),
    (error) => error,
  );
}

async function namesOfAll(): Promise<readonly string[]> {
  const { engine } = await getRuntime();
  return (await engine.containers.list({ all: true })).flatMap(({ Names }) => Names);
}

test("a container that exits ends a port wait at once, with its exit code and last log lines", async () => {
  const name = `exits-${process.pid}`;
  const container = new GenericContainer(await busyboxImage())
    .withName(name)
    .withExposedPorts(80)
    .withCommand(["sh", "-c", "sleep 0.3; echo no config >&2; exit 7"]);

  const error = await failureOf(container);

  expect(error.code).toBe("start-failed");
  expect(error.message).toContain(name);
  expect(error.message).toContain("exit code 7");
  expect(error.message).toContain("no config");
  expect(error.evidence).toMatchObject({ exitCode: 7, container: name });
  expect(error.cause).toMatchObject({ code: "container-exited" });
  expect(await namesOfAll()).not.toContain(`/${name}`);
});

test("a wait that never comes true says what was awaited, and how long", async () => {
  const container = new GenericContainer(await busyboxImage())
    .withCommand(["sh", "-c", "echo something else; sleep 60"])
    .withWaitStrategy(Wait.forLogMessage("ready"))
    .withStartupTimeout(300);

  const error = await failureOf(container);

  expect(error.message).toContain('Log message "ready" not received after 300ms');
  expect(error.message).toContain("something else");
  expect(error.cause).toMatchObject({ code: "wait-timeout" });
});

test("a log wait fails as soon as the container has ended without the line", async () => {
  const container = new GenericContainer(await busyboxImage())
    .withCommand(["echo", "bye"])
    .withWaitStrategy(Wait.forLogMessage("ready"));

  expect((await failureOf(container)).message).toContain('Log stream ended and message "ready" was not received');
});

test("a missing program fails with the name of the program", async () => {
  const container = new GenericContainer(await busyboxImage()).withCommand(["no-such-program"]);

  const error = await failureOf(container);

  expect(error.message).toContain("no-such-program");
  expect(error.cause).toMatchObject({ code: "executable-not-found" });
});

test("a taken name is said to be taken", async () => {
  const name = `taken-${process.pid}`;
  const request = async () => new GenericContainer(await busyboxImage()).withName(name).withCommand(["sleep", "60"]);
  await using _first = await (await request()).start();

  expect(await failureOf(await request())).toMatchObject({ code: "name-in-use" });
});

test("a failed wait removes the container, whatever failed", async () => {
  const name = `removed-${process.pid}`;
  class Failing extends GenericContainer {
    protected override containerStarted(): Promise<void> {
      return Promise.reject(new RangeError("hook broke"));
    }
  }
  const container = new Failing(await busyboxImage()).withName(name).withCommand(["sleep", "60"]);

  expect((await failureOf(container)).message).toContain("hook broke");
  expect(await namesOfAll()).not.toContain(`/${name}`);
});

test("a container that ran out of memory says so", async () => {
  const container = new GenericContainer(await busyboxImage())
    .withResourcesQuota({ memory: 0.02 })
    .withCommand(["tail", "/dev/zero"])
    .withWaitStrategy(Wait.forSuccessfulCommand("false"));

  const error = await failureOf(container);

  expect(error.message).toContain("killed: out of memory");
  expect(error.evidence).toMatchObject({ isOutOfMemory: true });
});
