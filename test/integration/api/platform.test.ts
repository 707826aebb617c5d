import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureImage } from "../../../src/api/image/ensure-image";
import { ImageName } from "../../../src/api/image/image-name";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { GenericContainer } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { noiseLayer, pushLayers } from "../../support/registry/layered-image";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";
import { busyboxImage } from "./busybox-image";

const engine = useEngineOfThisFile();
const host = process.arch === "arm64" ? "arm64" : "amd64";
const other = host === "arm64" ? "amd64" : "arm64";
let registry: TestRegistry;

beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry[Symbol.asyncDispose]());

async function push(architecture: string): Promise<void> {
  await pushLayers(registry, "app:1", [noiseLayer(architecture, 1_000)], [], { os: "linux", architecture });
}

test("a container is not made of an image for another platform than the one asked for", async () => {
  await getRuntime();
  const Image = await busyboxImage();

  await expect(engine.client.containers.create({ Image }, { platform: `linux/${other}` })).rejects.toMatchObject({
    code: "platform-unavailable",
    message: `image with reference ${Image} was found but does not match the specified platform: wanted linux/${other}, actual: linux/${host}`,
    evidence: { status: 404 },
  });
  const { Id } = await engine.client.containers.create({ Image }, { platform: `linux/${host}` });
  await engine.client.containers.remove(Id);
});

test("an image that is there for another platform is pulled for the one asked for", async () => {
  const name = `${registry.host}/app:1`;
  const runtime = await getRuntime();
  await push(host);
  await ensureImage(runtime.engine, ImageName.fromString(name), { force: false });
  await push(other);

  await ensureImage(runtime.engine, ImageName.fromString(name), { force: false, platform: `linux/${other}` });

  expect((await engine.client.images.inspect(name)).Architecture).toBe(other);
});

test("a platform that the registry does not have fails the start with both platforms named", async () => {
  await push(host);

  const started = new GenericContainer(`${registry.host}/app:1`).withPlatform("linux/s390x").start();

  await expect(started).rejects.toMatchObject({
    code: "platform-unavailable",
    message: expect.stringMatching(/pull image .* for linux\/s390x: .*wanted linux\/s390x, actual: linux\//),
  });
});
