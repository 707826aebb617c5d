import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { type RunResult, run, runUnchecked, spawnTool } from "../../../src/internal/exec";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { copyProgram } from "../../support/image/host-files";
import { fillBase } from "../../support/image/recipes";
import { waitUntil } from "../../support/wait-until";

// OpenSSH's own ssh-add, in the step, speaks to its own ssh-agent, or to ours, outside.

let engine: TestEngine;
let folder: string;
let context: string;
let key: string;
let publicKey: string;

beforeAll(async () => {
  engine = await useTestEngine();
  await getRuntime();
  folder = await mkdtemp(join(tmpdir(), "runcible-ssh-agent-"));
  key = join(folder, "key");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "a test", "-f", key]);
  publicKey = (await run("cut", ["-d", " ", "-f", "2", `${key}.pub`])).stdout.trim();
  context = join(folder, "context");
  const root = join(context, "root");
  await mkdir(root, { recursive: true });
  await fillBase(root);
  await writeFile(join(root, "etc/passwd"), "root:x:0:0::/:/bin/sh\nsomebody:x:1000:1000::/:/bin/sh\n");
  await copyProgram(root, (await run("sh", ["-c", "command -v ssh-add"])).stdout.trim());
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await engine[Symbol.asyncDispose]();
});

async function build(steps: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<RunResult> {
  await writeFile(join(context, "Dockerfile"), `FROM scratch\nCOPY root /\n${steps}\n`);
  const program = join(__dirname, "../../../build/cli/main.js");
  return await runUnchecked(process.execPath, [program, "build", ...args, context], { env: { ...engine.env, ...env } });
}

test("a step speaks to the agent that runs here, also as another user, and the image knows nothing of it", async () => {
  const socket = join(folder, "agent");
  const agent = spawnTool("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  try {
    const env = { SSH_AUTH_SOCK: socket };
    await waitUntil(async () => (await runUnchecked("ssh-add", ["-l"], { env })).exitCode !== 2, 5_000);
    await run("ssh-add", ["-q", key], { env });
    const steps = [
      "RUN --mount=type=ssh ssh-add -L && stat -c %a $SSH_AUTH_SOCK",
      "USER somebody",
      "RUN --mount=type=ssh,uid=1000,mode=0640 ssh-add -L && stat -c '%u %a' $SSH_AUTH_SOCK",
      "RUN test -z $SSH_AUTH_SOCK && test ! -e /run/buildkit",
    ];

    const result = await build(steps.join("\n"), ["--ssh", "default", "--tag", "with-agent"], env);

    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(result.stdout.split(publicKey)).toHaveLength(3);
    expect(result.stdout).toMatch(/^600\n.*^1000 640\n/ms);
    expect(JSON.stringify(await engine.client.images.inspect("with-agent"))).not.toContain("SSH_AUTH_SOCK");
  } finally {
    agent.kill();
  }
});

test("a step speaks to an agent that knows a key file, and signs with it", async () => {
  const steps = `COPY key.pub /key.pub\nRUN --mount=type=ssh,id=deploy ssh-add -L && ssh-add -T /key.pub`;
  await run("cp", [`${key}.pub`, join(context, "key.pub")]);

  const result = await build(steps, ["--ssh", `deploy=${key}`]);

  expect(result).toMatchObject({ exitCode: 0, stderr: "" });
  expect(result.stdout).toContain(publicKey);
});

test("without an agent a step goes on alone, unless it says that it needs one", async () => {
  expect(await build("RUN --mount=type=ssh test -z $SSH_AUTH_SOCK", [])).toMatchObject({ exitCode: 0 });
  expect(await build("RUN --mount=type=ssh,required=true true", [])).toMatchObject({
    stderr: expect.stringContaining("ssh agent default: not given; give it to the build, for example --ssh default"),
  });
});

test.each([
  ["no agent in the environment", "default", "no agent runs here"],
  ["a file that is not there", "a=/nosuch", "ENOENT"],
  ["a file that is no key", "a=/etc/passwd", "is no private key"],
])("%s is told before the build begins", async (_, flag, message) => {
  const result = await build("RUN true", ["--ssh", flag], { SSH_AUTH_SOCK: "" });

  expect(result).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringContaining(message) });
});

test("an agent that has gone is told, and nothing is left of its step", async () => {
  const result = await build("RUN --mount=type=ssh ssh-add -L", ["--ssh", "default"], {
    SSH_AUTH_SOCK: join(folder, "gone"),
  });

  expect(result.stderr).toContain("nobody answers at its socket");
});
