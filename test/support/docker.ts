import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exitOf, run, runUnchecked, spawnTool } from "../../src/internal/exec";
import { waitUntil } from "./wait-until";

/** A dockerd of its own, beside any other on the machine. */
export interface TestDocker extends AsyncDisposable {
  /** `unix://…` */
  readonly host: string;
  /** Runs the docker command line on it; throws unless it exits 0. */
  docker(...args: readonly string[]): Promise<string>;
}

/**
 * A Docker without bridge and firewall rules. Undefined when dockerd is not installed or does not come up: comparisons
 * are left out then, never tests. `path` is as of `startDockerOn`.
 */
export async function startDocker(path = process.env["PATH"]): Promise<TestDocker | undefined> {
  return await startDaemon(["--bridge", "none", "--iptables=false", "--ip-forward=false"], [], path);
}

/**
 * A Docker as one installs it, bridge and firewall rules and all, on a machine of the test's own (its network
 * namespace). `path` is where its programs are looked for; default: where this process looks. `more` are further
 * arguments of dockerd.
 */
export async function startDockerOn(
  machine: string,
  path = process.env["PATH"],
  more: readonly string[] = [],
): Promise<TestDocker> {
  const inside = ["nsenter", `--net=${machine}`, "--"];
  const docker = await startDaemon(["--bip", "10.214.0.1/24", ...more], inside, path);
  if (docker === undefined) throw new TypeError("dockerd did not come up; .ci/setup test installs it");
  return docker;
}

async function startDaemon(
  networkArgs: readonly string[],
  inside: readonly string[] = [],
  path = process.env["PATH"],
): Promise<TestDocker | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-docker-"));
  const socket = join(folder, "docker.sock");
  const args = [
    ...["--host", `unix://${socket}`, "--data-root", join(folder, "data"), "--exec-root", join(folder, "exec")],
    ...["--pidfile", join(folder, "docker.pid"), ...networkArgs],
  ];
  const command = ["--pdeathsig", "TERM", ...inside, "dockerd", ...args];
  const env = { ...process.env, PATH: path };
  // containerd writes its stacks to the folder for temporary files when it ends.
  const child = spawnTool("setpriv", command, { stdio: "ignore", env: { ...env, TMPDIR: folder } });
  const exited = exitOf(child, "setpriv");
  exited.catch(() => {});
  const docker = async (...words: readonly string[]): Promise<string> =>
    (await run("docker", ["--host", `unix://${socket}`, ...words], { env, timeoutMs: 300_000 })).stdout;
  const stop = (): Promise<void> => stopDocker(child, exited, folder);
  const isUp = async (): Promise<boolean> => {
    if (child.exitCode !== null) return true;
    if (!(await stat(socket).catch(() => undefined))) return false;
    return (await runUnchecked("docker", ["--host", `unix://${socket}`, "version"], { env })).exitCode === 0;
  };
  if (!(await waitUntil(isUp, 30_000)) || child.exitCode !== null) {
    await stop();
    return undefined;
  }
  return { host: `unix://${socket}`, docker, [Symbol.asyncDispose]: stop };
}

async function stopDocker(child: ChildProcess, exited: Promise<unknown>, folder: string): Promise<void> {
  child.kill("SIGTERM");
  await exited.catch(() => {});
  // dockerd leaves a mount of its data folder behind, and its BuildKit one of a network namespace.
  await runUnchecked("umount", ["--recursive", "--lazy", join(folder, "data")]);
  await runUnchecked("umount", ["--lazy", join(folder, "exec", "netns", "default")]);
  await rm(folder, { recursive: true, force: true });
}
