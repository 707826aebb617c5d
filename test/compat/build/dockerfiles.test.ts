import { join } from "node:path";
import { Readable } from "node:stream";
import Dockerode from "dockerode";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { type RunResult, runUnchecked } from "../../../src/internal/exec";
import { type DockerfileCase, imageNameOf, withContext } from "../../support/build/dockerfile-case";
import { dockerfileCases } from "../../support/build/dockerfile-cases";
import { beyond, treeOf } from "../../support/build/tree";
import { noFolder } from "../../support/docker-command";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { loadTestImages } from "../../support/load-test-images";

let engine: TestEngine;
let base: readonly string[];
let daemon: Dockerode;

beforeAll(async () => {
  engine = await useTestEngine();
  await getRuntime();
  daemon = new Dockerode({ socketPath: join(engine.stateFolder, "engine.sock") });
  await loadTestImages([`unix://${join(engine.stateFolder, "engine.sock")}`], { "bb:latest": "busybox" });
  base = await imageTree("bb");
});
afterAll(() => engine[Symbol.asyncDispose]());

function docker(args: readonly string[]): Promise<RunResult> {
  const env = {
    PATH: process.env["PATH"],
    HOME: noFolder,
    DOCKER_BUILDKIT: "0",
    DOCKER_HOST: `unix://${join(engine.stateFolder, "engine.sock")}`,
  };
  return runUnchecked("docker", args, { env });
}

/** What a container of the image begins with. */
async function imageTree(image: string): Promise<readonly string[]> {
  const container = await daemon.createContainer({ Image: image, Cmd: ["true"] });
  try {
    return await treeOf(Readable.from(await container.getArchive({ path: "/" })));
  } finally {
    await container.remove({ force: true, v: true });
  }
}

async function buildCase(given: DockerfileCase): Promise<{ readonly name: string; readonly result: RunResult }> {
  return await withContext(given, async (folder) => {
    const name = imageNameOf(folder);
    return { name, result: await docker(["build", "-t", name, ...(given.args ?? []), folder]) };
  });
}

// A build waits for its engine most of the time.
test.concurrent.each(dockerfileCases)("$name", async (given) => {
  const { name, result } = await buildCase(given);

  expect(result, result.stdout + result.stderr).toMatchObject({ exitCode: 0 });
  expect(result.stdout).toContain(`Successfully tagged ${name}:latest`);
  expect(beyond(await imageTree(name), base)).toEqual(given.tree);
  const { Config } = await daemon.getImage(name).inspect();
  expect(Config).toMatchObject(given.config ?? {});
  const history: readonly { readonly CreatedBy: string }[] = await daemon.getImage(name).history();
  expect(history.slice(0, given.history?.length ?? 0).map(({ CreatedBy }) => CreatedBy)).toEqual(given.history ?? []);
});
