import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { run } from "../../../src/internal/exec";
import { startDocker } from "../docker";
import { dockerOn } from "../docker-command";
import { type TestEngine, useTestEngine } from "../engine";
import { saveTestImage } from "../images";
import { newerDocker } from "../newer-docker";
import type { NewerSuite } from "../newer-programs";
import { type DockerfileCase, imageNameOf, withContext } from "./dockerfile-case";
import { type SavedImage, savedImage } from "./saved-image";

/** An engine and the BuildKit of a newer Debian's Docker, each with the base image `bb`. */
export interface TwoBuilders extends AsyncDisposable {
  readonly engine: TestEngine;
  /** A folder for what belongs to the two; the base image is its `image.tar`. */
  readonly folder: string;
  /** Throws unless the docker command exits with 0. */
  byUs(given: BuildInput): Promise<SavedImage>;
  byBuildKit(given: BuildInput): Promise<SavedImage>;
}

export interface BuildInput extends Pick<DockerfileCase, "dockerfile" | "files" | "args"> {
  /** Values of `--secret`. */
  readonly secrets?: readonly string[];
}

export async function startTwoBuilders(suite: NewerSuite): Promise<TwoBuilders> {
  const newer = await newerDocker(suite);
  const path = `${newer.programs}:${process.env["PATH"]}`;
  const folder = await mkdtemp(join(tmpdir(), "runcible-two-builders-"));
  const docker = await startDocker(path);
  if (docker === undefined) throw new TypeError(`dockerd of ${suite} did not come up`);
  // Names the plug-in that speaks to BuildKit.
  await writeFile(join(folder, "config.json"), JSON.stringify({ cliPluginsExtraDirs: [newer.plugins] }));
  const archive = join(folder, "image.tar");
  await saveTestImage("busybox", "bb:latest", archive);
  await docker.docker("load", "-i", archive);
  const engine = await useTestEngine();
  await getRuntime();
  const common = { PATH: path, HOME: folder, DOCKER_CONFIG: folder };
  const ours = { ...common, DOCKER_HOST: `unix://${join(engine.stateFolder, "engine.sock")}`, DOCKER_BUILDKIT: "0" };
  const theirs = { ...common, DOCKER_HOST: docker.host, DOCKER_BUILDKIT: "1" };
  await run("docker", ["load", "-i", archive], { env: ours });

  const built = async (given: BuildInput, host: string, command: BuildCommand): Promise<SavedImage> =>
    await withContext(given, async (context) => {
      const name = imageNameOf(context);
      const secrets = (given.secrets ?? []).flatMap((secret) => ["--secret", secret]);
      await command(["build", "-t", name, ...secrets, ...(given.args ?? []), context]);
      return await savedImage(dockerOn(host, folder), name);
    });
  return {
    ...{ engine, folder },
    byUs: (given) =>
      // Docker's classic build has no way for secrets.
      built(given, ours.DOCKER_HOST, (args) =>
        given.secrets === undefined
          ? run("docker", args, { env: ours, timeoutMs })
          : run(process.execPath, [runcible, ...args], { env: { ...process.env, ...engine.env }, timeoutMs }),
      ),
    byBuildKit: (given) =>
      built(given, docker.host, ([verb = "", ...args]) =>
        run("docker", [verb, "--network", "host", ...args], { env: theirs, timeoutMs }),
      ),
    async [Symbol.asyncDispose]() {
      await docker[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

type BuildCommand = (args: readonly string[]) => Promise<unknown>;

const runcible = join(__dirname, "../../../build/cli/main.js");
const timeoutMs = 120_000;
