import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { runUnchecked } from "../../../src/internal/exec";
import { configOf, withoutMountTrace, written } from "../../support/build/compare-images";
import { type DockerfileCase, withContext } from "../../support/build/dockerfile-case";
import { dockerfileCases } from "../../support/build/dockerfile-cases";
import { type SavedImage, savedImage } from "../../support/build/saved-image";
import { startDocker, type TestDocker } from "../../support/docker";
import { dockerOn } from "../../support/docker-command";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { saveTestImage } from "../../support/images";
import { type NewerDocker, newerDocker } from "../../support/newer-docker";

// What is too new for the BuildKit of this machine's Docker, beside that of Docker 26. What only `# syntax=` brings, it does not have either.

let engine: TestEngine;
let newer: NewerDocker;
let docker: TestDocker;
/** Names the plug-in that speaks to BuildKit. */
let home: string;

beforeAll(async () => {
  engine = await useTestEngine();
  newer = await newerDocker();
  const started = await startDocker(`${newer.programs}:${process.env["PATH"]}`);
  if (started === undefined) throw new TypeError("dockerd of Docker 26 did not come up");
  docker = started;
  home = await mkdtemp(join(tmpdir(), "runcible-newer-buildkit-"));
  await writeFile(join(home, "config.json"), JSON.stringify({ cliPluginsExtraDirs: [newer.plugins] }));
  await saveTestImage("busybox", "bb:latest", join(home, "image.tar"));
  await getRuntime();
  for (const host of [ours(), docker.host]) {
    expect(await dockerOn(host)(["load", "-i", join(home, "image.tar")])).toMatchObject({ exitCode: 0 });
  }
}, 120_000);
afterAll(async () => {
  await docker?.[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

function ours(): string {
  return `unix://${join(engine.stateFolder, "engine.sock")}`;
}

const isNew = ({ dockerfile }: DockerfileCase): boolean => /--(mount|link|network)\b|<<|^FROM one\b/m.test(dockerfile);
const isKnown = ({ dockerDiffers, buildKitDiffers = "of Docker 20.10" }: DockerfileCase): boolean =>
  dockerDiffers === undefined && buildKitDiffers.startsWith("of Docker 20.10");

test.each(dockerfileCases.filter((given) => isNew(given) && isKnown(given)))(
  "BuildKit of Docker 26: $name [root only: it starts a dockerd]",
  async (given) => {
    const classic = { DOCKER_BUILDKIT: "0" };
    const modern = { DOCKER_CONFIG: home, PATH: `${newer.programs}:${process.env["PATH"]}` };

    const [own, real] = await Promise.all([builtOn(ours(), classic, given), builtOn(docker.host, modern, given)]);

    expect(written(own)).toEqual(written({ ...real, layers: real.layers.map(withoutMountTrace) }));
    expect(configOf(own)).toEqual(configOf(real));
  },
);

async function builtOn(host: string, env: NodeJS.ProcessEnv, given: DockerfileCase): Promise<SavedImage> {
  return await withContext(given, async (folder) => {
    const args = ["build", "--network", "host", "-t", "case", ...(given.args ?? []), folder];
    const all = { PATH: process.env["PATH"], HOME: home, DOCKER_HOST: host, ...env };
    const result = await runUnchecked("docker", args, { env: all, timeoutMs: 120_000 });
    expect(result, result.stdout + result.stderr).toMatchObject({ exitCode: 0 });
    return await savedImage(dockerOn(host), "case");
  });
}
