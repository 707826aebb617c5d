import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import Dockerode from "dockerode";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { type RunResult, runUnchecked } from "../../../src/internal/exec";
import { type DockerfileCase, withContext } from "../../support/build/dockerfile-case";
import { dockerfileCases } from "../../support/build/dockerfile-cases";
import { beyond, treeOf } from "../../support/build/tree";
import { noFolder } from "../../support/docker-command";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { saveTestImage } from "../../support/images";

let engine: TestEngine;
let base: readonly string[];
let daemon: Dockerode;

beforeAll(async () => {
  engine = await useTestEngine();
  await getRuntime();
  daemon = new Dockerode({ socketPath: join(engine.stateFolder, "engine.sock") });
  const folder = await mkdtemp(join(tmpdir(), "runcible-build-"));
  try {
    await saveTestImage("busybox", "bb:latest", join(folder, "image.tar"));
    expect(await docker(["load", "-i", join(folder, "image.tar")])).toMatchObject({ exitCode: 0 });
  } finally {
    await rm(folder, { recursive: true });
  }
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

async function buildCase(given: DockerfileCase): Promise<RunResult> {
  return await withContext(given, (folder) => docker(["build", "-t", "case", ...(given.args ?? []), folder]));
}

test.each(dockerfileCases)("$name", async (given) => {
  const result = await buildCase(given);

  expect(result, result.stdout + result.stderr).toMatchObject({ exitCode: 0 });
  expect(result.stdout).toContain("Successfully tagged case:latest");
  expect(beyond(await imageTree("case"), base)).toEqual(given.tree);
  const { Config } = await daemon.getImage("case").inspect();
  expect(Config).toMatchObject(given.config ?? {});
  const history: readonly { readonly CreatedBy: string }[] = await daemon.getImage("case").history();
  expect(history.slice(0, given.history?.length ?? 0).map(({ CreatedBy }) => CreatedBy)).toEqual(given.history ?? []);
});
