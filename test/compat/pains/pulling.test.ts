import { expect, test } from "vitest";
import { GenericContainer, PullPolicy } from "../../../src/index";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { pushTestImage } from "../../support/images";
import { type Fault, startFaultProxy } from "../../support/registry/fault-proxy";
import { startRegistry } from "../../support/registry/start-registry";

const engine = useNewEngineOfThisFile();

/** The same faults at each run: every third request, of this kind or that. */
function faults(): () => Fault | undefined {
  const kinds: readonly Fault[] = [
    { kind: "reset", afterBytes: 0 },
    { kind: "answer", status: 503 },
    { kind: "reset", afterBytes: 20_000 },
    { kind: "answer", status: 429, headers: { "retry-after": "0" } },
  ];
  let count = 0;
  return () => (++count % 3 === 0 ? kinds[(count / 3) % kinds.length] : undefined);
}

test("pain 16: through a registry that fails every third request, twenty pulls of twenty succeed", async () => {
  await using registry = await startRegistry();
  await pushTestImage(registry, "busybox");
  await using proxy = await startFaultProxy({ url: registry.url, fault: faults() });
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

test("pain 16: a name that the registry does not have is an answer, not a reason to try again", async () => {
  await using registry = await startRegistry();
  await using proxy = await startFaultProxy({ url: registry.url });

  await expect(new GenericContainer(`${proxy.host}/no/such:tag`).start()).rejects.toThrow(/not found|unknown/);

  expect(proxy.seen.filter(({ path }) => path.includes("/manifests/"))).toHaveLength(1);
});
