import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { startDocker, type TestDocker } from "../../support/docker";
import { dockerOn } from "../../support/docker-command";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { newerDocker } from "../../support/newer-docker";
import { busyboxLayer, noiseLayer, pushLayers } from "../../support/registry/layered-image";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";

// What the docker command line shows of a pull, beside what a real dockerd has it show. One registry serves both.

let engine: TestEngine;
let registry: TestRegistry;
let dockers: Readonly<Record<"20.10" | "26", TestDocker>>;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-pull-"));
  registry = await startRegistry();
  const below = [await busyboxLayer(), noiseLayer("one", 40_000)];
  await pushLayers(registry, "app:1", below);
  await pushLayers(registry, "app:2", [...below, noiseLayer("two", 40_000), noiseLayer("three", 40_000)]);
  engine = await useTestEngine();
  await getRuntime();
  const { programs } = await newerDocker();
  const [older, newer] = [await startDocker(), await startDocker(`${programs}:${process.env["PATH"]}`)];
  if (older === undefined || newer === undefined) throw new TypeError("dockerd did not come up");
  dockers = { "20.10": older, "26": newer };
}, 120_000);
afterAll(async () => {
  for (const docker of Object.values(dockers ?? {})) await docker[Symbol.asyncDispose]();
  await engine?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** In their order: each begins where the one before it ended. */
const steps: readonly (readonly string[])[] = [
  ["pull", "app:1"],
  ["pull", "app:1"],
  ["pull", "app:2"],
  ["pull", "--quiet", "app:1"],
  ["pull", "app:none"],
  ["pull", "none:1"],
  ["rmi", "app:2"],
  ["run", "--rm", "app:2", "/busybox", "echo", "hello"],
  ["create", "--pull", "always", "app:2", "true"],
  ["create", "--pull", "never", "app:3", "true"],
];

test.each(["20.10", "26"] as const)(
  "pull: the docker command line shows what it shows with Docker %s [root only: it starts a dockerd]",
  async (version) => {
    const said = async (host: string): Promise<readonly Said[]> => {
      const docker = dockerOn(host, folder);
      const all: Said[] = [];
      for (const words of steps) {
        const args = words.map((word) => word.replace(/^(app|none):/, `${registry.host}/$&`));
        const { stdout, stderr, exitCode } = await docker(args);
        all.push({ step: words.join(" "), stdout: told(stdout), stderr: told(stderr), exitCode });
      }
      const left = (await docker(["ps", "-aq"])).stdout.split("\n").filter((id) => id !== "");
      await docker(["rm", "-f", ...left]);
      await docker(["rmi", "-f", `${registry.host}/app:1`, `${registry.host}/app:2`]);
      return all;
    };

    const [ours, theirs] = await Promise.all([
      said(`unix://${join(engine.stateFolder, "engine.sock")}`),
      said(dockers[version].host),
    ]);

    expect(ours).toEqual(theirs);
  },
);

interface Said {
  readonly step: string;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly exitCode: number | null;
}

/** Lines; those of layers, which come at once, in an order of their own. */
function told(text: string): readonly string[] {
  const lines = text.replace(/^[0-9a-f]{64}$/m, "<id>").split("\n");
  const isOfLayer = (line: string): boolean => /^[0-9a-f]{12}: /.test(line);
  const first = lines.findIndex(isOfLayer);
  if (first < 0) return lines;
  const others = lines.filter((line) => !isOfLayer(line));
  // A daemon that is slow for a moment has a layer wait, or checks it in no time.
  const layers = lines.filter((line) => isOfLayer(line) && !/: (Waiting|Verifying Checksum)$/.test(line)).sort();
  return [...others.slice(0, first), ...layers, ...others.slice(first)];
}
