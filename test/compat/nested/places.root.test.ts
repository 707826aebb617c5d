import { chmod, chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunResult, run, runUnchecked } from "../../../src/internal/exec";
import { startDockerOn, type TestDocker } from "../../support/docker";
import { saveTestImage } from "../../support/images";
import { outerImage } from "../../support/nested/outer-image";
import { openNamespace } from "../../support/network/namespace";
import { type OtherMachine, startOtherMachine } from "../../support/network/other-machine";
import { startPodmanOn } from "../../support/podman";
import { allWell } from "./all-well";

/**
 * [root only: it starts daemons, and devices are handed to containers] What docs/ci.md says of each service, with the
 * options by which that service starts its jobs, as near as it can be had without the service.
 */
const checkout = new URL("../../..", import.meta.url).pathname;
const core = ["node", "/repo/test/compat/nested/core.cjs"];
const doctor = ["node", "/repo/build/cli/main.js", "doctor"];
const opened: AsyncDisposable[] = [];
let other: OtherMachine;
let docker: TestDocker;
let podman: TestDocker;
let images: string;
let mounts: readonly string[];

beforeAll(async () => {
  images = await mkdtemp(join(tmpdir(), "runcible-places-"));
  await chmod(images, 0o755);
  await saveTestImage("redis", "redis:nested", join(images, "redis.tar"));
  const outer = await outerImage();
  const machine = await openNamespace();
  opened.push(machine);
  other = await startOtherMachine(machine.path);
  opened.push(other);
  docker = await startDockerOn(machine.path);
  opened.push(docker);
  podman = await startPodmanOn(machine.path);
  opened.push(podman);
  for (const daemon of [docker, podman]) await daemon.docker("import", outer, "nested");
  mounts = ["--volume", `${checkout}:/repo:ro`, "--volume", `${images}:/images:ro`];
});
afterAll(async () => {
  for (const one of opened.reverse()) await one[Symbol.asyncDispose]();
  await rm(images, { recursive: true, force: true });
});

const unguarded = ["seccomp", "apparmor", "systempaths"].flatMap((guard) => ["--security-opt", `${guard}=unconfined`]);
const devices = ["--device", "/dev/fuse", "--device", "/dev/net/tun"];
const limitMs = 240_000;

function told({ stdout, stderr, exitCode }: RunResult): Record<string, unknown> {
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout);
}

test("GitLab: a runner's job, with security_opt, devices and volumes of its config.toml, has overlays and a way out", async () => {
  const volumes = ["--volume", "/cache", "--volume", "/var/lib/runcible"];
  const options = [...unguarded, ...devices, ...volumes, "--env", `OTHER=${other.address}`];
  // A runner feeds a script to a shell.
  const words = ["--host", docker.host, "run", "--rm", "--interactive", ...options, ...mounts, "nested", "sh"];
  const result = await runUnchecked("docker", words, { input: `${core.join(" ")}\n`, timeoutMs: limitMs });
  expect(told(result)).toMatchObject({ ...allWell, driver: "overlay2", other: other.neighbour });
});

test("Jenkins: commands executed in an agent's container that runs cat, as root, with the args of the Jenkinsfile", async () => {
  const workspace = await mkdtemp(join(tmpdir(), "runcible-workspace-"));
  const args = ["--user", "root", ...unguarded, "--volume", "/var/lib/runcible", "--device", "/dev/net/tun"];
  const where = ["--workdir", workspace, "--volume", `${workspace}:${workspace}:rw,z`];
  const id = (
    await docker.docker("run", "--tty", "--detach", "--user", "0:0", ...args, ...where, ...mounts, "nested", "cat")
  ).trim();
  try {
    const words = ["--host", docker.host, "exec", "--env", `OTHER=${other.address}`, id, ...core];
    const result = await runUnchecked("docker", words, { timeoutMs: limitMs });
    expect(told(result)).toMatchObject({ ...allWell, driver: "overlay2", other: other.neighbour });
  } finally {
    await docker.docker("rm", "--force", "--volumes", id);
    await rm(workspace, { recursive: true, force: true });
  }
});

describe("Kubernetes", () => {
  /** Of a container that asks for nothing. */
  const capabilities = [
    ...["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW"],
    ...["SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"],
  ].flatMap((name) => ["--cap-add", name]);
  const asPod = ["--cap-drop", "ALL", ...capabilities, "--security-opt", "seccomp=unconfined"];
  /** `hostUsers: false`: root of the pod is nobody on the node. */
  const firstId = 200_000;
  const ownUsers = ["--uidmap", `0:${firstId}:65536`, "--gidmap", `0:${firstId}:65536`];
  const unmasked = ["--security-opt", "unmask=ALL"];

  async function inPod(options: readonly string[], command: readonly string[]): Promise<RunResult> {
    const emptyDir = await mkdtemp(join(tmpdir(), "runcible-empty-dir-"));
    // As the pod's root sees it, the folder is its own, and open to all.
    await chmod(emptyDir, 0o777);
    if (options.includes("--uidmap")) await chown(emptyDir, firstId, firstId);
    const volume = ["--volume", `${emptyDir}:/var/lib/runcible`];
    const words = ["--remote", "--url", podman.host, "run", "--rm", ...asPod, ...options, ...volume, ...mounts];
    try {
      return await runUnchecked("podman", [...words, "nested", ...command], { timeoutMs: limitMs });
    } finally {
      await run("rm", ["-rf", emptyDir]);
    }
  }

  test("a pod with users of its own, an unmasked /proc and an emptyDir", async () => {
    expect(told(await inPod([...ownUsers, ...unmasked], core))).toMatchObject({ ...allWell, driver: "overlay2" });
  });

  test("a pod on a cluster without these, with two rights", async () => {
    const rights = ["--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN", "--env", `OTHER=${other.address}`];
    expect(told(await inPod(rights, core))).toMatchObject({ ...allWell, driver: "overlay2", other: other.neighbour });
  });

  test.each([
    ["that asks for nothing", []],
    ["that has users of its own", ownUsers],
  ])("a pod %s is told that its /proc is masked", async (_what, options) => {
    const { stdout, exitCode } = await inPod(options, doctor);
    expect(exitCode).toBe(1);
    expect(stdout).toContain("procMount: Unmasked");
  });
});
