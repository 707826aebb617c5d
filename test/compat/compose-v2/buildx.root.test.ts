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

function hostOfEngine(): string {
  return `unix://${join(engine.stateFolder, "engine.sock")}`;
}

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
    DOCKER_HOST: hostOfEngine(),
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

test("the command line of Docker 20.10, which brings BuildKit's client, says what to do and nothing else", async () => {
  await using written = await composeFiles(files);
  const env = { HOME: written.folder, DOCKER_HOST: hostOfEngine(), DOCKER_BUILDKIT: "1" };

  const { exitCode, stderr } = await runUnchecked("/usr/bin/docker", ["build", written.folder], { env });

  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^Error response from daemon: this engine does not speak BuildKit's .* and build again\n$/);
});

test.each([
  ["docker build", ["build", "."]],
  ["docker compose build", ["compose", "build"]],
])("%s does without it [root only: mmdebstrap unpacks as root]", async (_, args) => {
  const { exitCode, stdout, stderr } = await docker(args, { DOCKER_BUILDKIT: "0" });

  expect(exitCode, stderr).toBe(0);
  expect(stdout).toContain("Successfully built");
});
