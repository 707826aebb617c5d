import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { GenericContainer, PullPolicy } from "../../../src/index";
import { randomId } from "../../../src/internal/ids";
import { withContext } from "../../support/build/dockerfile-case";
import { type DockerCommand, dockerOn, must } from "../../support/docker-command";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { loseLayer, topBlobOf, topLayerOf } from "../../support/image/lost-layer";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";
import { busyboxImage } from "./busybox-image";

const engine = useEngineOfThisFile();
let registry: TestRegistry;
let docker: DockerCommand;
let name: string;

beforeAll(async () => {
  registry = await startRegistry();
  docker = dockerOn(`unix://${join(engine.stateFolder, "engine.sock")}`);
});
afterAll(() => registry[Symbol.asyncDispose]());

/** With a layer that nothing else has. */
beforeEach(async () => {
  name = `${registry.host}/lost:${randomId().slice(0, 8)}`;
  const dockerfile = `FROM ${await busyboxImage()}\nRUN echo ${name} >/made\nCMD ["sleep", "60"]\n`;
  await withContext({ dockerfile }, (folder) => must(docker, "build", "--tag", name, folder));
});

async function printed(container: GenericContainer): Promise<string> {
  await using started = await container.start();
  return (await started.exec(["cat", "/made"])).stdout.trim();
}

async function loseContent(): Promise<void> {
  await loseLayer(await topLayerOf(engine, name));
  await rm(await topBlobOf(engine, name));
}

test("an image whose content was lost is pulled again and the container starts", async () => {
  await must(docker, "push", name);
  const mayPull = vi.fn(() => true);
  expect(await printed(new GenericContainer(name).withPullPolicy({ shouldPull: () => false, mayPull }))).toBe(name);
  expect(mayPull).toHaveBeenCalledTimes(1);
  await loseContent();

  expect(await printed(new GenericContainer(name))).toBe(name);

  await must(docker, "rmi", name);
});

test("an image whose content was lost stays an error where it must not be pulled or is in no registry", async () => {
  await loseContent();

  const kept = new GenericContainer(name).withPullPolicy(PullPolicy.never()).start();
  await expect(kept).rejects.toMatchObject({
    code: "image-incomplete",
    message: expect.stringMatching(/pull or build it again$/),
  });
  await expect(new GenericContainer(name).start()).rejects.toMatchObject({
    code: "image-incomplete",
    message: expect.stringMatching(/pull or build it again; tried to: pull image .*lost/),
  });

  await must(docker, "rmi", name);
});
