import { chmod, chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunResult, run, runUnchecked } from "../../../src/internal/exec";
import { startDockerOn } from "../../support/docker";
import { startPodmanOn } from "../../support/podman";
import { allWell } from "./all-well";
import { type Daemon, type Nest, openNest } from "./nest";

/**
 * [root only: it starts daemons, and devices are handed to containers] What docs/ci.md says of each service, with the
 * options by which that service starts its jobs, as near as it can be had without the service.
 */
const core = ["node", "/repo/test/compat/nested/core.cjs"];
const doctor = ["node", "/repo/build/cli/main.js", "doctor"];
let nest: Nest;
let docker: Daemon;
let podman: Daemon;

beforeAll(async () => {
  nest = await openNest();
  docker = await nest.start(startDockerOn);
  podman = await nest.start(startPodmanOn);
});
afterAll(() => nest?.[Symbol.asyncDispose]());

const unguarded = ["seccomp", "apparmor", "systempaths"].flatMap((guard) => ["--security-opt", `${guard}=unconfined`]);
const devices = ["--device", "/dev/fuse", "--device", "/dev/net/tun"];
const limitMs = 240_000;

function told({ stdout, stderr, exitCode }: RunResult): Record<string, unknown> {
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout);
}

test("GitLab: a runner's job, with security_opt, devices and volumes of its config.toml, has overlays and a way out", async () => {
  const volumes = ["--volume", "/cache", "--volume", "/var/lib/runcible"];
  const options = [...unguarded, ...devices, ...volumes, "--env", `OTHER=${nest.other.address}`];
  // A runner feeds a script to a shell.
  const words = ["--host", docker.host, "run", "--rm", "--interactive", ...options, ...nest.mounts, "nested", "sh"];
  const result = await runUnchecked("docker", words, { input: `${core.join(" ")}\n`, timeoutMs: limitMs });
  expect(told(result)).toMatchObject({ ...allWell, driver: "overlay2", other: nest.other.neighbour });
});

test("Jenkins: commands executed in an agent's container that runs cat, as root, with the args of the Jenkinsfile", async () => {
  const workspace = await mkdtemp(join(tmpdir(), "runcible-workspace-"));
  const args = ["--user", "root", ...unguarded, "--volume", "/var/lib/runcible", "--device", "/dev/net/tun"];
  const where = ["--workdir", workspace, "--volume", `${workspace}:${workspace}:rw,z`];
  const id = (
    await docker.docker("run", "--tty", "--detach", "--user", "0:0", ...args, ...where, ...nest.mounts, "nested", "cat")
  ).trim();
  try {
    const words = ["--host", docker.host, "exec", "--env", `OTHER=${nest.other.address}`, id, ...core];
    const result = await runUnchecked("docker", words, { timeoutMs: limitMs });
    expect(told(result)).toMatchObject({ ...allWell, driver: "overlay2", other: nest.other.neighbour });
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
    const words = ["--remote", "--url", podman.host, "run", "--rm", ...asPod, ...options, ...volume, ...nest.mounts];
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
    const rights = ["--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN", "--env", `OTHER=${nest.other.address}`];
    expect(told(await inPod(rights, core))).toMatchObject({
      ...allWell,
      driver: "overlay2",
      other: nest.other.neighbour,
    });
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
