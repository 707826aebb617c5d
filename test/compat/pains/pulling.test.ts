import { expect, test } from "vitest";
import { GenericContainer, PullPolicy } from "../../../src/index";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { pushTestImage } from "../../support/images";
import { type Fault, type FaultProxyOptions, startFaultProxy } from "../../support/registry/fault-proxy";
import { noiseLayer, pushLayers } from "../../support/registry/layered-image";
import { startRegistry } from "../../support/registry/start-registry";
import { openTestPuller } from "../../support/registry/test-puller";

const engine = useNewEngineOfThisFile();

const faults: readonly Fault[] = [
  { kind: "reset", afterBytes: 0 },
  { kind: "answer", status: 503 },
  { kind: "reset", afterBytes: 20_000 },
  { kind: "answer", status: 429, headers: { "retry-after": "0" } },
];

/** The same at each run: every third request has one of them, in turn. */
function everyThird(kinds: readonly Fault[]): NonNullable<FaultProxyOptions["fault"]> {
  let count = 0;
  return () => (++count % 3 === 0 ? kinds[(count / 3) % kinds.length] : undefined);
}

test("pain 16: through a registry that breaks off or stalls every third request, fifty pulls of fifty succeed", async () => {
  await using registry = await startRegistry();
  const top = noiseLayer("top", 100_000);
  await pushLayers(registry, "app:1", [noiseLayer("base", 100_000), top]);
  const stall: Fault = { kind: "stall", afterBytes: 50_000 };
  await using proxy = await startFaultProxy({ url: registry.url, fault: everyThird([...faults, stall]) });
  let whole = 0;

  for (let pull = 0; pull < 50; pull++) {
    // What an engine pulls with; that one waits for half a minute before it takes a silent connection for broken.
    await using store = await openTestPuller({ idleTimeoutMs: 500, retries: 20 });
    const result = await store.pull(`${proxy.host}/app:1`);
    expect((await store.fileOf(result, top.name)).equals(top.content)).toBe(true);
    whole += 1;
  }

  expect(whole).toBe(50);
  expect(proxy.seen.length).toBeGreaterThan(250);
});

test("pain 16: through a registry that fails every third request, twenty starts of twenty succeed", async () => {
  await using registry = await startRegistry();
  await pushTestImage(registry, "busybox");
  await using proxy = await startFaultProxy({ url: registry.url, fault: everyThird(faults) });
  const name = `${proxy.host}/library/busybox:latest`;

  for (let round = 0; round < 20; round++) {
    await using container = await new GenericContainer(name)
      .withPullPolicy(PullPolicy.alwaysPull())
      .withCommand(["sleep", "600"])
      .start();
    await container.stop();
    await engine.client.images.remove(name, { force: true });
  }

  expect(proxy.seen.length).toBeGreaterThan(60);
});

test("pain 16: a name that the registry does not have is told in its words, and is no reason to try again", async () => {
  await using registry = await startRegistry();
  await using proxy = await startFaultProxy({ url: registry.url });

  await expect(new GenericContainer(`${proxy.host}/no/such:tag`).start()).rejects.toThrow(/manifest unknown/);

  expect(proxy.seen.filter(({ path }) => path.includes("/manifests/"))).toHaveLength(1);
});
