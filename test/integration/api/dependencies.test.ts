import { beforeEach, expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { GenericContainer, type StartedTestContainer, TestContainers, Wait } from "../../../src/index";
import { deferred } from "../../../src/internal/deferred";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { busyboxImage } from "./busybox-image";

const engine = useEngineOfThisFile();

/** Notes when it begins and when it is ready. */
class Noted extends GenericContainer {
  readonly #note: (what: string) => void;
  readonly #name: string;
  /** What it waits for when it has begun. */
  mayGoOn: Promise<void> = Promise.resolve();

  constructor(image: string, name: string, note: (what: string) => void) {
    super(image);
    this.#note = note;
    this.#name = name;
    this.withCommand(["sh", "-c", "echo ready; sleep 60"]).withWaitStrategy(Wait.forLogMessage("ready"));
  }

  protected override async beforeContainerCreated(): Promise<void> {
    this.#note(`${this.#name} begins`);
    await this.mayGoOn;
  }

  protected override async containerStarted(): Promise<void> {
    this.#note(`${this.#name} is ready`);
  }
}

/** Of other files something may be on its way out, and of a try that failed. */
let others: ReadonlySet<string>;
beforeEach(async () => {
  await getRuntime();
  others = new Set((await engine.client.containers.list()).map(({ Id }) => Id));
});

async function running(): Promise<number> {
  return (await engine.client.containers.list()).filter(({ Id }) => !others.has(Id)).length;
}

test("what a container depends on starts first, once, and is at hand under its name", async () => {
  const notes: string[] = [];
  const image = await busyboxImage();
  const both = deferred();
  const named = (name: string): Noted =>
    new Noted(image, name, (what) => {
      notes.push(what);
      if (notes.includes("left begins") && notes.includes("right begins")) both.resolve();
    });
  const base = named("base");
  const [left, right] = [named("left").dependsOn(base), named("right").dependsOn(base)];
  // Neither is ready before the other has begun.
  for (const one of [left, right]) one.mayGoOn = both.promise;
  const top = named("top").dependsOn(left, right);

  const started = await TestContainers.startAll({ top, base });

  expect(notes.filter((note) => note.startsWith("base"))).toEqual(["base begins", "base is ready"]);
  expect(notes.slice(0, 2)).toEqual(["base begins", "base is ready"]);
  expect(notes.slice(2, 4).sort()).toEqual(["left begins", "right begins"]);
  expect(notes.slice(-2)).toEqual(["top begins", "top is ready"]);
  expect(started.base.getId()).not.toBe(started.top.getId());
  expect(await running()).toBe(4);
  const all = (await engine.client.containers.list()).filter(({ Id }) => !others.has(Id));
  await Promise.all(all.map(({ Id }) => engine.client.containers.remove(Id, { force: true })));
});

test("a container that is started alone brings its dependencies, and takes them along when it stops", async () => {
  const image = await busyboxImage();
  const idle = (): GenericContainer => new GenericContainer(image).withCommand(["sleep", "60"]);

  const started = await idle().dependsOn(idle().dependsOn(idle())).start();
  expect(await running()).toBe(3);

  await started.stop();
  expect(await running()).toBe(0);
});

test("what was started for others and has no name stops with the last of them", async () => {
  const image = await busyboxImage();
  const idle = (): GenericContainer => new GenericContainer(image).withCommand(["sleep", "60"]);
  const below = idle();
  const shared = idle().dependsOn(below);
  const named = idle();
  const containers = { left: idle().dependsOn(shared, named), right: idle().dependsOn(shared), named };

  const { left, right, named: other } = await TestContainers.startAll(containers);
  expect(await running()).toBe(5);

  await left.stop();
  await left.stop();
  expect(await running()).toBe(4);
  await right.stop();
  expect(await running()).toBe(1);
  await other.stop();
});

test("when one fails its error is thrown, what depends on it does not begin, and nothing runs on", async () => {
  const notes: string[] = [];
  const image = await busyboxImage();
  const broken = new GenericContainer(image)
    .withCommand(["sh", "-c", "echo no luck; exit 3"])
    .withWaitStrategy(Wait.forLogMessage("ready"));
  const other = new GenericContainer(image).withCommand(["sleep", "60"]);
  const top = new Noted(image, "top", (what) => notes.push(what)).dependsOn(broken, other);

  await expect(TestContainers.startAll({ top })).rejects.toMatchObject({
    code: "start-failed",
    message: expect.stringContaining("no luck"),
  });
  expect(notes).toEqual([]);
  expect(await running()).toBe(0);
});

test("what is thrown is the first failure, not what was not begun because of it", async () => {
  const image = await busyboxImage();
  const failed = deferred();
  class Broken extends GenericContainer {
    override async start(): Promise<StartedTestContainer> {
      return await super.start().finally(() => failed.resolve());
    }
  }
  class Later extends GenericContainer {
    protected override async beforeContainerCreated(): Promise<void> {
      await failed.promise;
    }
  }
  const later = new Later(image).withCommand(["sleep", "60"]);
  const top = new GenericContainer(image).withCommand(["sleep", "60"]).dependsOn(later);
  const broken = new Broken(image)
    .withCommand(["sh", "-c", "echo no luck; exit 3"])
    .withWaitStrategy(Wait.forLogMessage("ready"));

  await expect(TestContainers.startAll({ top, broken })).rejects.toMatchObject({ code: "start-failed" });
  expect(await running()).toBe(0);
});

test("a circle is refused before anything starts, and its members are named", async () => {
  const first = new GenericContainer("first:1");
  const second = new GenericContainer("second:1").withName("the-second").dependsOn(first);
  const third = new GenericContainer("third:1").dependsOn(second);
  first.dependsOn(third);
  const outside = new GenericContainer("outside:1").dependsOn(first);

  await expect(outside.start()).rejects.toMatchObject({
    code: "invalid-argument",
    message: expect.stringMatching(/circle: first:1 → third:1 → the-second \(second:1\) → first:1;/),
  });
});
