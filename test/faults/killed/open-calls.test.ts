import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { expect, test } from "vitest";
import { GenericContainer, type StartedTestContainer } from "../../../src/index";
import { deferred } from "../../../src/internal/deferred";
import { busyboxImage } from "../../integration/api/busybox-image";
import { tarOf } from "../../integration/layer/layer-fixture";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { processesOf } from "../../support/leaks/processes";
import { waitUntil } from "../../support/wait-until";
import { enginePid } from "../support/engine-process";
import { killNow } from "./victims";

const engine = useNewEngineOfThisFile({ RUNCIBLE_IDLE_SECONDS: "600" });

async function sleeper(): Promise<StartedTestContainer> {
  return new GenericContainer(await busyboxImage()).withCommand(["sleep", "1000"]).start();
}

/** Returns at once: nobody has noticed yet. */
async function killEngine(): Promise<void> {
  killNow(await enginePid(engine.stateFolder));
}

async function engineIsGone(): Promise<void> {
  expect(await waitUntil(async () => (await processesOf(engine.stateFolder)).length === 0, 30_000)).toBe(true);
}

const goneWithEngine = {
  code: "engine-unreachable",
  message: expect.stringMatching(/^[\w ]+ container \w+: the engine that ran it has ended.*start the container again/),
};
const tar = (): Readable => Readable.from([tarOf([{ name: "file", data: "archived" }])]);

const calls: readonly (readonly [string, (container: StartedTestContainer) => Promise<unknown>])[] = [
  ["a command", (container) => container.exec(["true"])],
  ["reading its log", (container) => container.logs()],
  ["copying content in", (container) => container.copyContentToContainer([{ content: "x", target: "/x" }])],
  ["copying an archive in", (container) => container.copyArchiveToContainer(tar())],
  ["copying files out", (container) => container.copyArchiveFromContainer("/www")],
  ["a commit", (container) => container.commit({ repo: "localhost/committed", tag: "1" })],
  ["a restart", (container) => container.restart()],
];

test.each(["has no successor", "has one"])(
  "calls into a container whose engine was killed and %s say what to do",
  async (then) => {
    const containers = await Promise.all(calls.map(() => sleeper()));
    await killEngine();
    await engineIsGone();
    if (then === "has one") await (await sleeper()).stop();

    for (const [index, [name, call]] of calls.entries()) {
      const failure = await call(containers[index] as StartedTestContainer).then(
        () => "it succeeded",
        (error: unknown) => error,
      );
      expect([name, failure]).toEqual([name, expect.objectContaining(goneWithEngine)]);
    }
  },
);

/** Something that is still going on, and how far it has come. */
interface Ongoing {
  readonly begun: Promise<unknown>;
  readonly ended: Promise<unknown>;
}

function execLong(container: StartedTestContainer): Ongoing {
  const ended = container.exec(["sh", "-c", "touch /begun; sleep 1000"]);
  const hasBegun = async (): Promise<boolean> => (await container.exec(["test", "-e", "/begun"])).exitCode === 0;
  return { begun: waitUntil(hasBegun, 10_000), ended };
}

/** An archive whose file never ends. */
function copyIn(container: StartedTestContainer): Ongoing {
  const begun = deferred();
  const head = tarOf([{ name: "large", data: Buffer.alloc(4_000_000) }]).subarray(0, 2_000_000);
  const endless = Readable.from(
    (async function* () {
      yield head;
      begun.resolve();
      await new Promise(() => {});
    })(),
  );
  return { begun: begun.promise, ended: container.copyArchiveToContainer(endless) };
}

function copyOut(container: StartedTestContainer): Ongoing {
  const begun = deferred();
  const ended = (async () => {
    await container.exec(["sh", "-c", "head -c 50000000 /dev/zero > /large"]);
    const archive = await container.copyArchiveFromContainer("/large");
    for await (const _chunk of archive) {
      begun.resolve();
      await engineIsGone();
    }
  })();
  return { begun: begun.promise, ended };
}

test.each([
  ["a command that runs", execLong, goneWithEngine.message],
  ["an archive that goes in", copyIn, goneWithEngine.message],
  ["an archive that comes out", copyOut, expect.stringContaining("hung up in the middle of it")],
] as const)("%s while the engine is killed ends with an error, not as if it were whole", async (_, begin, message) => {
  const { begun, ended } = begin(await sleeper());
  const failing = expect(ended).rejects.toMatchObject({ code: "engine-unreachable", message });
  await begun;

  await killEngine();

  await failing;
  await engineIsGone();
});

test("a log that is followed ends with the engine, and the next read of it says why", async () => {
  const container = await sleeper();
  const ended = finished((await container.logs()).resume());

  await killEngine();

  await ended;
  await engineIsGone();
  await expect(container.logs()).rejects.toMatchObject(goneWithEngine);
});

test("streams that were to be copied are there on the engine that takes over, and one that had been read is an error", async () => {
  const image = await busyboxImage();
  class LosesItsEngine extends GenericContainer {
    tries = 0;
    protected override async beforeContainerCreated(): Promise<void> {
      this.tries += 1;
      if (this.tries === 1) await killEngine();
    }
  }
  const losing = new LosesItsEngine(image)
    .withCommand(["sleep", "1000"])
    .withCopyContentToContainer([{ content: Readable.from(["streamed"]), target: "/content" }])
    .withCopyArchivesToContainer([{ tar: tar(), target: "/" }]);

  await using container = await losing.start();
  expect(losing.tries).toBe(2);
  expect((await container.exec(["cat", "/content", "/file"])).stdout).toBe("streamedarchived");

  const killing = Readable.from(
    (async function* () {
      yield tarOf([{ name: "file", data: "archived" }]).subarray(0, 512);
      await killEngine();
      await engineIsGone();
    })(),
  );
  const reading = new GenericContainer(image)
    .withCommand(["sleep", "1000"])
    .withCopyArchivesToContainer([{ tar: killing, target: "/" }]);
  await expect(reading.start()).rejects.toMatchObject({
    code: "start-failed",
    message: expect.stringContaining("start it again: an engine of ours that has ended is started anew"),
  });
  // So it is, but not with a stream that was read.
  await expect(reading.start()).rejects.toThrow(/it was read already.*give a new stream/);
});
