import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { type RunResult, runUnchecked } from "../../../src/internal/exec";
import { noFolder } from "../../support/docker-command";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { saveTestImage } from "../../support/images";

let engine: TestEngine;

beforeAll(async () => {
  engine = await useTestEngine();
  await getRuntime();
  const folder = await mkdtemp(join(tmpdir(), "runcible-docker-cli-"));
  try {
    await saveTestImage("busybox", "bb:latest", join(folder, "image.tar"));
    expect(await docker(["load", "-i", join(folder, "image.tar")])).toMatchObject({ exitCode: 0 });
  } finally {
    await rm(folder, { recursive: true });
  }
});
afterAll(() => engine[Symbol.asyncDispose]());

/** What a test that failed left would stand in the way of the next one. */
afterEach(async () => {
  const { containers } = engine.client;
  for (const { Id } of await containers.list({ all: true })) await containers.remove(Id, { force: true });
});

function docker(args: readonly string[], input?: string): Promise<RunResult> {
  const env = {
    PATH: process.env["PATH"],
    HOME: noFolder,
    DOCKER_HOST: `unix://${join(engine.stateFolder, "engine.sock")}`,
  };
  return runUnchecked("docker", args, { env, ...(input === undefined ? {} : { input }) });
}

test("run -i passes input, both outputs and the exit code", async () => {
  const script = "read word; echo $word; echo problem >&2; exit 42";

  const result = await docker(["run", "--rm", "-i", "bb", "sh", "-c", script], "typed\n");

  expect(result).toEqual({ stdout: "typed\n", stderr: "problem\n", exitCode: 42 });
});

test.each([
  ["a program that is not there", ["bb", "nosuch"], 127, "executable file not found"],
  ["a folder for a program", ["bb", "/etc"], 126, "permission denied"],
  ["an unknown user", ["--user", "nosuch", "bb", "true"], 125, "unable to find user nosuch"],
  ["an unknown network", ["--network", "nosuch", "bb", "true"], 125, "network nosuch not found"],
])("run --rm with %s tells why and leaves nothing", async (_, args, exitCode, message) => {
  const result = await docker(["run", "--rm", ...args]);

  expect(result).toMatchObject({ exitCode, stderr: expect.stringContaining(message) });
  expect(result.stderr).not.toContain("error waiting for container");
  expect((await docker(["ps", "-aq"])).stdout).toBe("");
});

test("exec passes environment, working folder, user and exit code", async () => {
  await docker(["run", "-d", "--name", "exec", "bb", "sleep", "1000"]);

  const result = await docker([
    "exec",
    "-e",
    "A=1",
    "-w",
    "/etc",
    "-u",
    "7:8",
    "exec",
    "sh",
    "-c",
    "echo $A $PWD; id -u; exit 9",
  ]);

  expect(result).toMatchObject({ stdout: "1 /etc\n7\n", exitCode: 9 });
  await docker(["rm", "-f", "exec"]);
});

test("inspect of a container and of its image name the storage driver that info names", async () => {
  await docker(["create", "--name", "driven", "bb", "true"]);
  const info = await docker(["info", "--format", "{{.Driver}}"]);
  const container = await docker(["inspect", "--format", "{{.Driver}} {{.GraphDriver.Name}}", "driven"]);
  const image = await docker(["image", "inspect", "--format", "{{.GraphDriver.Name}}", "bb"]);
  await docker(["rm", "driven"]);

  const driver = info.stdout.trim();
  const expected = { overlay: "overlay2", "fuse-overlayfs": "fuse-overlayfs", copy: "vfs" };
  expect(driver).toBe(new Map(Object.entries(expected)).get(process.env["RUNCIBLE_ROOTFS"] ?? "overlay"));
  expect([container.stdout, image.stdout]).toEqual([`${driver} ${driver}\n`, `${driver}\n`]);
});
