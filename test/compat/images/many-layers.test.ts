import { expect, test } from "vitest";
import { GenericContainer } from "../../../src/index";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { expectNothingLeft, takeSteadySnapshot } from "../../support/leaks";
import { busyboxLayer, pushLayers } from "../../support/registry/layered-image";
import { startRegistry } from "../../support/registry/start-registry";

const engine = useNewEngineOfThisFile();
/** As many as Docker takes. */
const layerCount = 127;

test(`an image of ${layerCount} layers is pulled, and its container has the files of all of them, and goes`, async () => {
  const names = Array.from({ length: layerCount - 1 }, (_, index) => `file-${index + 1}`);
  const layers = names.map((name) => ({ name, content: Buffer.from(`${name}\n`) }));
  await using registry = await startRegistry();
  await pushLayers(registry, "many:1", [await busyboxLayer(), ...layers]);
  const image = `${registry.host}/many:1`;
  const { stop } = await started(image);
  await stop();
  const before = await takeSteadySnapshot({ stateFolder: engine.stateFolder });

  const { read, stop: stopAgain } = await started(image);
  expect(await read()).toBe(names.map((name) => `${name}\n`).join(""));
  await stopAgain();

  await expectNothingLeft(before, 1_000);
  expect((await engine.client.images.inspect(image)).RootFS.Layers).toHaveLength(layerCount);

  async function started(name: string): Promise<{ read(): Promise<string>; stop(): Promise<unknown> }> {
    const container = await new GenericContainer(name).withCommand(["/busybox", "sleep", "600"]).start();
    const paths = names.map((one) => `/${one}`);
    return {
      read: async () => (await container.exec(["/busybox", "cat", ...paths])).stdout,
      stop: () => container.stop(),
    };
  }
});
