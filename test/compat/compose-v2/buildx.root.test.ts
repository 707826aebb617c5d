import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { type RunResult, runUnchecked } from "../../../src/internal/exec";
import { composeFiles } from "../../support/compose-files";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { newerDocker } from "../../support/newer-docker";

const engine = useNewEngineOfThisFile();
beforeAll(() => getRuntime());

const files = {
  "compose.yaml": "name: app\nservices: {aa: {build: ., image: 'made:1'}}\n",
  Dockerfile: "FROM scratch\nLABEL a=b\n",
};

/** Runs a docker command line of today, with its plugins, in a folder with the files above. */
async function docker(args: readonly string[], settings: Readonly<Record<string, string>> = {}): Promise<RunResult> {
  const { programs, plugins } = await newerDocker();
  await using written = await composeFiles(files);
  const config = join(written.folder, "config");
  await mkdir(config);
  await writeFile(join(config, "config.json"), JSON.stringify({ cliPluginsExtraDirs: [plugins] }));
  const env = {
    PATH: `${programs}:${process.env["PATH"]}`,
    HOME: written.folder,
    DOCKER_HOST: `unix://${join(engine.stateFolder, "engine.sock")}`,
    DOCKER_CONFIG: config,
    ...settings,
  };
  return await runUnchecked("docker", args, { cwd: written.folder, env });
}

test.each([
  ["docker build", ["build", "."]],
  ["docker buildx build", ["buildx", "build", "."]],
  ["docker compose build", ["compose", "build"]],
  ["docker buildx du", ["buildx", "du"]],
])("%s with buildx says what to do [root only: mmdebstrap unpacks as root]", async (_, args) => {
  const { exitCode, stderr } = await docker(args);

  expect(exitCode).not.toBe(0);
  expect(stderr).toContain("this engine does not speak BuildKit's protocol; set DOCKER_BUILDKIT=0");
});

test.each([
  ["docker build", ["build", "."]],
  ["docker compose build", ["compose", "build"]],
])("%s does without it [root only: mmdebstrap unpacks as root]", async (_, args) => {
  const { exitCode, stdout, stderr } = await docker(args, { DOCKER_BUILDKIT: "0" });

  expect(exitCode, stderr).toBe(0);
  expect(stdout).toContain("Successfully built");
});
