import { join } from "node:path";
import { expect, test } from "vitest";
import { type RunResult, runUnchecked } from "../../../src/internal/exec";
import { builtPackage } from "../../support/built-package";
import { composeFiles } from "../../support/compose-files";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { pushTestImage } from "../../support/images";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";

const { DockerComposeEnvironment } = builtPackage;

const engine = useNewEngineOfThisFile();
const main = join(import.meta.dirname, "../../../build/cli/main.js");

/** As `docker login` stores it. */
function login({ host, credentials: { username, password } }: TestRegistry): string {
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  return JSON.stringify({ auths: { [host]: { auth } } });
}

function filesOn(base: string, config: string): Readonly<Record<string, string>> {
  return {
    "compose.yaml": `
services:
  inline: {build: {dockerfile_inline: "FROM ${base}\\nENV A=1"}, command: sleep 1000, stop_grace_period: 0s}
  file: {build: {context: made, args: {BASE: "${base}"}}, command: sleep 1000, stop_grace_period: 0s}
`,
    "made/Dockerfile": "ARG BASE=nosuch\nFROM $BASE\nENV A=2\n",
    "login/config.json": config,
  };
}

test("runcible compose up builds on images of a private registry with what docker login stored", async () => {
  await using registry = await startRegistry({ auth: "basic" });
  const base = await pushTestImage(registry, "busybox", "private/compose:1");
  await using files = await composeFiles(filesOn(base, login(registry)), `private${process.pid}`);
  const compose = (folder: string, ...args: readonly string[]): Promise<RunResult> =>
    runUnchecked(process.execPath, [main, "compose", ...args], {
      cwd: files.folder,
      env: { ...process.env, DOCKER_CONFIG: join(files.folder, folder) },
    });

  const refused = await compose("nowhere", "up", "--no-start");
  const built = await compose("login", "up", "--no-start");

  expect(refused.exitCode).not.toBe(0);
  expect(refused.stderr).toMatch(/unauthorized|log in|docker login/);
  expect(built.exitCode, built.stderr).toBe(0);
  expect((await compose("nowhere", "down", "--rmi", "all")).exitCode).toBe(0);
  await engine.client.images.remove(base);
});

test("so does DockerComposeEnvironment", async () => {
  await using registry = await startRegistry({ auth: "basic" });
  const base = await pushTestImage(registry, "busybox", "private/environment:1");
  await using files = await composeFiles(filesOn(base, ""));
  const name = `bases${process.pid}`;
  process.env["DOCKER_AUTH_CONFIG"] = login(registry);
  try {
    const environment = await new DockerComposeEnvironment(files.folder, "compose.yaml").withProjectName(name).up();
    await environment.down();
  } finally {
    delete process.env["DOCKER_AUTH_CONFIG"];
  }

  const images = [`${name}-inline`, `${name}-file`];
  for (const image of images) expect(await engine.client.images.exists(image)).toBe(true);
  for (const image of [...images, base]) await engine.client.images.remove(image);
});
