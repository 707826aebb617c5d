import { beforeAll, expect, test } from "vitest";
import { GenericContainer, type StartedTestContainer, TestContainers } from "../../../src/index";
import { type Deferred, deferred } from "../../../src/internal/deferred";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { pushTestImage } from "../../support/images";
import { startFaultProxy } from "../../support/registry/fault-proxy";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";

// Several containers, of which some need others.

const engine = useNewEngineOfThisFile();
let image: string;
beforeAll(async () => {
  image = await busyboxImage();
});

/** Is ready when its gate opens. */
class Gated extends GenericContainer {
  readonly begun: Deferred<void> = deferred();
  readonly gate: Deferred<void> = deferred();
  starts = 0;

  constructor() {
    super(image);
    this.withCommand(["sleep", "600"]);
  }

  protected override async beforeContainerCreated(): Promise<void> {
    this.starts += 1;
    this.begun.resolve();
  }

  protected override async containerStarted(): Promise<void> {
    await this.gate.promise;
  }
}

async function stopAll(containers: Readonly<Record<string, StartedTestContainer>>): Promise<void> {
  await Promise.all(Object.values(containers).map((container) => container.stop()));
}

test("pain 31: in a graph of six each starts once, and as soon as what it depends on is ready, whatever else is not", async () => {
  const [slow, quick, above, both, top, last] = [
    new Gated(),
    new Gated(),
    new Gated(),
    new Gated(),
    new Gated(),
    new Gated(),
  ];
  above.dependsOn(quick);
  both.dependsOn(slow, quick);
  top.dependsOn(above, both);
  last.dependsOn(both);
  for (const node of [quick, above, both, top, last]) node.gate.resolve();

  const starting = TestContainers.startAll({ slow, quick, above, both, top, last });
  // Nothing holds them up but what they depend on.
  await Promise.all([slow, quick, above].map(({ begun }) => begun.promise));
  expect([both, top, last].map(({ starts }) => starts)).toEqual([0, 0, 0]);
  slow.gate.resolve();
  const started = await starting;

  expect([slow, quick, above, both, top, last].map(({ starts }) => starts)).toEqual([1, 1, 1, 1, 1, 1]);
  await stopAll(started);
});

const words = ["one", "two", "three", "four", "five", "six"];

/**
 * A chain, each of an image of its own, at a registry that names no image before all have been asked for. If pulls came
 * one after the other, or with their containers, none would ever go on.
 */
async function chainAt(
  registry: TestRegistry,
): Promise<AsyncDisposable & { readonly chain: readonly GenericContainer[] }> {
  for (const word of words) await pushTestImage(registry, "busybox", `library/${word}:latest`);
  const asked = new Set<string>();
  const all = deferred();
  const proxy = await startFaultProxy({
    url: registry.url,
    fault: async ({ path }) => {
      const name = /library\/(\w+)\/manifests/.exec(path)?.[1];
      if (name === undefined) return undefined;
      asked.add(name);
      if (asked.size === words.length) all.resolve();
      await all.promise;
      return undefined;
    },
  });
  const chain: GenericContainer[] = [];
  for (const word of words) {
    const container = new GenericContainer(`${proxy.host}/library/${word}:latest`).withCommand(["sleep", "600"]);
    const below = chain.at(-1);
    chain.push(below === undefined ? container : container.dependsOn(below));
  }
  return {
    chain,
    async [Symbol.asyncDispose]() {
      for (const word of words)
        await engine.client.images.remove(`${proxy.host}/library/${word}:latest`, { force: true });
      await proxy[Symbol.asyncDispose]();
    },
  };
}

test("pain 31: the pulls of all that startAll starts begin at once, also of those that start last", async () => {
  await using registry = await startRegistry();
  await using used = await chainAt(registry);

  const started = await TestContainers.startAll(
    Object.fromEntries(words.map((word, index) => [word, used.chain[index] as GenericContainer])),
  );

  expect(await engine.client.containers.list()).toHaveLength(words.length);
  await stopAll(started);
});

test("pain 31: the pulls of all that one container depends on begin with its own", async () => {
  await using registry = await startRegistry();
  await using used = await chainAt(registry);

  const started = await used.chain.at(-1)?.start();

  expect(await engine.client.containers.list()).toHaveLength(words.length);
  await started?.stop();
  expect(await engine.client.containers.list()).toEqual([]);
});
