import { expect, test } from "vitest";
import { connect } from "../../../src/client/connect";
import { GenericContainer } from "../../../src/index";
import { useTestEngine } from "../../support/engine";
import { expectNothingLeft, takeSteadySnapshot } from "../../support/leaks";
import { type Fault, type SeenRequest, startFaultProxy } from "../../support/registry/fault-proxy";
import { busyboxLayer, noiseLayer, pushLayers } from "../../support/registry/layered-image";
import { startRegistry } from "../../support/registry/start-registry";
import { fakeClock } from "../support/faked-clock";

test.each([
  ["a manifest", "/manifests/", /its answer was not complete after 60 s/],
  ["a layer", "/blobs/", /less than 1024 bytes a second/],
])("a start that waits for %s which trickles is given up, and leaves nothing", async (_what, part, message) => {
  await using registry = await startRegistry();
  await pushLayers(registry, "app:1", [await busyboxLayer(), noiseLayer("noise", 700_000)]);
  const fault = ({ path }: SeenRequest): Fault | undefined =>
    path.includes(part) ? { kind: "trickle", afterBytes: 300, everyMs: 20 } : undefined;
  await using proxy = await startFaultProxy({ url: registry.url, fault });
  await using clock = await fakeClock();
  await using engine = await useTestEngine({
    DOCKER_HOST: "",
    RUNCIBLE_HOST: "",
    RUNCIBLE_IDLE_SECONDS: "86400",
    ...clock.settings,
  });
  const { client } = await connect();
  const before = await takeSteadySnapshot({ stateFolder: engine.stateFolder });

  // A minute or two of the engine's. Not faster: half a minute without an answer must not pass on a busy machine.
  await clock.set("+0 x20");
  await expect(new GenericContainer(`${proxy.host}/app:1`).start()).rejects.toMatchObject({
    code: "registry-slow",
    message: expect.stringMatching(message),
  });

  await expectNothingLeft(before, 1_000);
  expect(await client.containers.list({ all: true })).toEqual([]);
  expect(await client.images.list()).toEqual([]);
  client.close();
});
