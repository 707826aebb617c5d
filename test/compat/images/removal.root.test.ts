import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { startDocker, type TestDocker } from "../../support/docker";
import { type DockerCommand, dockerOn, must } from "../../support/docker-command";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { saveTestImage } from "../../support/images";

let engine: TestEngine;
let dockerd: TestDocker;
let folder: string;
let ours: DockerCommand;
let theirs: DockerCommand;

beforeAll(async () => {
  engine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_HOST: "" });
  await getRuntime();
  folder = await mkdtemp(join(tmpdir(), "runcible-removal-"));
  const started = await startDocker();
  if (started === undefined) throw new TypeError("dockerd did not come up; .ci/setup test installs it");
  dockerd = started;
  ours = dockerOn(`unix://${join(engine.stateFolder, "engine.sock")}`);
  theirs = dockerOn(dockerd.host);
  await saveTestImage("busybox", "bb:latest", join(folder, "base.tar"));
  await must(ours, "load", "-i", join(folder, "base.tar"));
  await must(ours, "create", "--name", "base", "bb", "true");
  await must(ours, "commit", "--change", "LABEL a=b", "base", "child:1");
  await must(ours, "rm", "base");
  // Made once, so that both have the same ids.
  await must(ours, "save", "-o", join(folder, "both.tar"), "bb:latest", "child:1");
  await Promise.all([reset(ours), reset(theirs)]);
});
afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
  await dockerd?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Both have the two images and nothing else. */
async function reset(docker: DockerCommand): Promise<void> {
  const containers = (await must(docker, "ps", "-aq")).split("\n").filter((id) => id !== "");
  if (containers.length > 0) await must(docker, "rm", "-f", ...containers);
  await must(docker, "image", "prune", "-af");
  await must(docker, "load", "-i", join(folder, "both.tar"));
}

interface Said {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** The same on both, from the same beginning; container ids differ. */
async function sayings(
  steps: readonly string[],
): Promise<{ readonly ours: readonly Said[]; readonly theirs: readonly Said[] }> {
  const said = async (docker: DockerCommand): Promise<readonly Said[]> => {
    await reset(docker);
    const all: Said[] = [];
    for (const step of steps) {
      const { stdout, stderr, exitCode } = await docker(step.split(" "));
      const anonymous = (text: string): string => text.replace(/container [0-9a-f]{12}/g, "container ID");
      all.push({ stdout: /^(run|create|ps)/.test(step) ? "" : stdout, stderr: anonymous(stderr), exitCode });
    }
    return all;
  };
  const [mine, real] = await Promise.all([said(ours), said(theirs)]);
  return { ours: mine, theirs: real };
}

test.each([
  ["images", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"],
  ["images", "-a", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"],
  ["images", "--digests", "--format", "{{.Repository}}:{{.Tag}} {{.Digest}}"],
  ["images", "--filter", "reference=child*", "--format", "{{.Repository}}:{{.Tag}}"],
  ["images", "--filter", "reference=*:1", "--format", "{{.Repository}}:{{.Tag}}"],
  ["images", "--filter", "reference=nosuch", "-q"],
  ["images", "--filter", "label=a", "--format", "{{.Repository}}"],
  ["images", "--filter", "label=a=c", "--format", "{{.Repository}}"],
  ["images", "--filter", "since=bb", "--format", "{{.Repository}}"],
  ["images", "--filter", "before=child:1", "--format", "{{.Repository}}"],
  ["images", "--filter", "before=nosuch", "-q"],
  ["images", "--filter", "dangling=true", "-q"],
  ["images", "--filter", "nosuch=1", "-q"],
  ["images", "child", "--format", "{{.Repository}}:{{.Tag}}"],
  ["history", "--no-trunc", "--format", "{{.ID}} {{.CreatedBy}} {{.Comment}}", "child:1"],
  ["history", "nosuch"],
  [
    "image",
    "inspect",
    "--format",
    "{{.Id}} {{.RepoTags}} {{.Architecture}} {{.Os}} {{.RootFS}} {{.Config.Labels}}",
    "child:1",
  ],
  ["save", "nosuch"],
  ["save", "bb:nosuch"],
  ["image", "prune", "-f"],
  ["image", "prune", "-af", "--filter", "until=2000-01-01"],
  ["image", "prune", "-af", "--filter", "label=a"],
])("docker %s %s %s %s is answered as Docker does [root only: it starts a dockerd]", async (...args) => {
  const answers = await Promise.all([ours(args), theirs(args)]);

  const [mine, real] = answers.map(({ stdout, stderr, exitCode }) => ({
    stdout: stdout.replace(/Total reclaimed space: .*/, ""),
    stderr,
    exitCode,
  }));
  expect(mine).toEqual(real);
});

test.each([
  ["the only name", ["rmi bb", "images -q bb", "rmi bb"]],
  ["one of two names", ["tag bb other:1", "rmi bb", "images -q other", "rmi other:1"]],
  ["an id with two names, then by force", ["tag bb other:1", "rmi $bb", "rmi -f $bb"]],
  ["an id with one name", ["rmi $bb"]],
  ["a short id", ["rmi $short"]],
  ["an image of which another is made", ["rmi child:1", "rmi bb"]],
  ["an image that is the base of another", ["rmi bb", "rmi child:1"]],
  ["a name that a stopped container uses", ["create --name c --network none bb true", "rmi bb", "rmi -f bb"]],
  ["an id that a stopped container uses", ["create --name c --network none bb true", "rmi $bb", "rmi -f $bb"]],
  [
    "a name that a running container uses",
    [
      "run -d --name c --network none bb sleep 1000",
      "rmi bb",
      "rmi -f bb",
      "images -q --filter dangling=true --no-trunc",
    ],
  ],
  ["an id that a running container uses", ["run -d --name c --network none bb sleep 1000", "rmi $bb", "rmi -f $bb"]],
  [
    "one of two names while a container uses it",
    ["tag bb other:1", "create --name c --network none bb true", "rmi bb", "rmi other:1"],
  ],
  ["what is not there", ["rmi nosuch", "rmi nosuch:1", "rmi sha256:1234567890ab"]],
  ["or naming what is not there", ["rmi nosuch:1", "tag nosuch x:1"]],
  ["several at once", ["rmi bb nosuch child:1"]],
  ["tag, and a tag that moves", ["tag bb x:1", "tag child:1 x:1", "images -q --no-trunc x", "rmi x:1"]],
])("removing %s is answered as Docker does [root only: it starts a dockerd]", async (_what, steps) => {
  const id = await idOf();
  const words = steps.map((step) => step.replace("$bb", id).replace("$short", id.slice(7, 19)));

  const said = await sayings(words);

  expect(said.ours).toEqual(said.theirs);
});

async function idOf(): Promise<string> {
  await must(ours, "load", "-i", join(folder, "both.tar"));
  return await must(ours, "images", "-q", "--no-trunc", "bb");
}
