import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { runUnchecked } from "../../../src/internal/exec";
import { configOf, withoutMountTrace, written } from "../../support/build/compare-images";
import { type DockerfileCase, imageNameOf, withContext } from "../../support/build/dockerfile-case";
import { dockerfileCases } from "../../support/build/dockerfile-cases";
import { type SavedImage, savedImage } from "../../support/build/saved-image";
import { startDocker, type TestDocker } from "../../support/docker";
import { dockerOn } from "../../support/docker-command";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { loadTestImages } from "../../support/load-test-images";

// What this engine makes of a Dockerfile beside what Docker's own builders make of it, layer by layer.

let engine: TestEngine;
let docker: TestDocker | undefined;
/** BuildKit's client writes a name for this machine into it. */
let home: string;

beforeAll(async () => {
  engine = await useTestEngine();
  await getRuntime();
  docker = await startDocker();
  home = await mkdtemp(join(tmpdir(), "runcible-docker-home-"));
  await loadTestImages(hosts(), { "bb:latest": "busybox" });
});
afterAll(async () => {
  await docker?.[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

function hosts(): readonly [string, string] {
  if (docker === undefined) throw new TypeError("dockerd did not come up; .ci/setup test installs it");
  return [`unix://${join(engine.stateFolder, "engine.sock")}`, docker.host];
}

/**
 * The command line that Debian's Docker brings speaks to BuildKit itself; later ones need buildx for that, which Debian
 * has not.
 */
const commandOfDebian = "/usr/bin/docker";

interface Builder {
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
  /** Of a Dockerfile: what this builder does not know. */
  readonly unknown: RegExp;
  differsIn(given: DockerfileCase): boolean;
}

const classic: Builder = {
  name: "the classic builder",
  env: { DOCKER_BUILDKIT: "0" },
  unknown: /--(mount|chmod|link|parents|exclude|network|checksum|unpack)\b|<<|\bTARGET[A-Z]+\b/,
  differsIn: ({ classicDiffers }) => classicDiffers !== undefined,
};
/** Of Docker 20.10: it came before these, which buildah.root.test.ts has. */
const buildKit: Builder = {
  name: "BuildKit",
  env: { DOCKER_BUILDKIT: "1" },
  unknown: /--(link|parents|exclude|network|checksum|unpack)\b|<</,
  differsIn: ({ buildKitDiffers }) => buildKitDiffers !== undefined,
};

function casesOf(builder: Builder): readonly DockerfileCase[] {
  const isKnown = ({ dockerfile }: DockerfileCase): boolean => !builder.unknown.test(dockerfile);
  return dockerfileCases.filter(
    (given) => given.dockerDiffers === undefined && !builder.differsIn(given) && isKnown(given),
  );
}

// A build waits for its daemon most of the time.
test.concurrent.each(casesOf(classic))("the classic builder: $name [root only: it starts a dockerd]", async (given) => {
  const [own, real] = await Promise.all([builtByUs(given), builtOn(hosts()[1], classic, given)]);

  expect(written(own)).toEqual(written(real));
  expect(configOf(own)).toEqual(configOf(real));
  expect(stepsOf(own)).toEqual(stepsOf(real));
});

test.concurrent.each(casesOf(buildKit))("BuildKit: $name [root only: it starts a dockerd]", async (given) => {
  const [own, real] = await Promise.all([builtByUs(given), builtOn(hosts()[1], buildKit, given)]);

  expect(written(own)).toEqual(written({ ...real, layers: real.layers.map(withoutMountTrace) }));
  // BuildKit writes the default into an image from scratch.
  const { WorkingDir, ...config } = configOf(real);
  expect(configOf(own)).toEqual(
    WorkingDir === "/" && configOf(own)["WorkingDir"] === undefined ? config : configOf(real),
  );
});

const ownBuilds = new Map<DockerfileCase, Promise<SavedImage>>();

/** Once, for the comparisons with both builders. */
function builtByUs(given: DockerfileCase): Promise<SavedImage> {
  const build = ownBuilds.get(given) ?? builtOn(hosts()[0], classic, given);
  ownBuilds.set(given, build);
  return build;
}

async function builtOn(host: string, { env }: Builder, given: DockerfileCase): Promise<SavedImage> {
  return await withContext(given, async (folder) => {
    const name = imageNameOf(folder);
    const args = ["build", "--network", "host", "-t", name, ...(given.args ?? []), folder];
    const all = { PATH: process.env["PATH"], HOME: home, DOCKER_HOST: host, ...env };
    const result = await runUnchecked(commandOfDebian, args, { env: all });
    expect(result, result.stdout + result.stderr).toMatchObject({ exitCode: 0 });
    return await savedImage(dockerOn(host), name);
  });
}

function stepsOf({ history }: SavedImage): unknown {
  // This engine notes the base's layer, which the base itself does not.
  return history
    .filter(({ created_by }) => created_by !== "")
    .map(({ created_by = "", empty_layer = false }) => [inOurWords(created_by), empty_layer]);
}

/** Docker's digests of files are of a form that it has left, and a health check is a dump of its structure. */
function inOurWords(step: string): string {
  return step
    .replace(/--chown=\S*?(?=(file|dir|multi):)/, "")
    .replace(/\b(file|dir|multi):[0-9a-f]{64}/, "$1:*")
    .replace(/#\(nop\) {2}HEALTHCHECK .*/, "#(nop)  HEALTHCHECK *");
}
