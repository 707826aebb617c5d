import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exitOf, run, runUnchecked, spawnTool } from "../../src/internal/exec";
import { killIfThere } from "../../src/internal/kill-if-there";
import type { TestDocker } from "./docker";
import { processesOf } from "./leaks/processes";
import { waitUntil } from "./wait-until";

/** Its defaults are more than an ordinary machine's hard limits, and then no container of its starts. */
const configuration = `
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
`;

/**
 * Podman's service of the Docker API, with bridge and firewall rules, on a machine of the test's own (its network
 * namespace).
 */
export async function startPodmanOn(machine: string): Promise<TestDocker> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-podman-"));
  const host = `unix://${join(folder, "podman.sock")}`;
  const temporary = join(folder, "tmp");
  await mkdir(temporary);
  await writeFile(join(folder, "containers.conf"), configuration);
  const stores = [
    ...["--root", join(folder, "root"), "--runroot", join(folder, "run"), "--tmpdir", join(folder, "libpod")],
    ...["--cgroup-manager", "cgroupfs", "--events-backend", "file"],
    ...["--network-backend", "netavark", "--network-config-dir", join(folder, "networks")],
  ];
  const command = [
    "--pdeathsig",
    "TERM",
    "nsenter",
    `--net=${machine}`,
    "--",
    "podman",
    ...stores,
    "system",
    "service",
    "--time",
    "0",
    host,
  ];
  const env = { ...process.env, TMPDIR: temporary, CONTAINERS_CONF: join(folder, "containers.conf") };
  const child = spawnTool("setpriv", command, { stdio: "ignore", env });
  const exited = exitOf(child, "setpriv");
  exited.catch(() => {});
  const docker = async (...words: readonly string[]): Promise<string> =>
    (await run("docker", ["--host", host, ...words], { timeoutMs: 300_000 })).stdout;
  const stop = async (): Promise<void> => {
    // Each has a process of its own that outlives the service.
    await runUnchecked("podman", [...stores, "rm", "--all", "--force", "--time", "0"], { env });
    child.kill("SIGTERM");
    await exited.catch(() => {});
    // Of each exec there are two, which stay for five minutes.
    for (const { pid } of await processesOf(folder)) killIfThere(pid, "SIGKILL");
    await runUnchecked("umount", ["--recursive", "--lazy", join(folder, "root", "overlay")]);
    await rm(folder, { recursive: true, force: true });
  };
  const isUp = async (): Promise<boolean> =>
    child.exitCode === null &&
    (await stat(join(folder, "podman.sock")).catch(() => undefined)) !== undefined &&
    (await runUnchecked("docker", ["--host", host, "version"])).exitCode === 0;
  if (!(await waitUntil(isUp, 30_000))) {
    await stop();
    throw new TypeError("Podman's service did not come up; .ci/setup compat installs it");
  }
  return { host, docker, [Symbol.asyncDispose]: stop };
}
