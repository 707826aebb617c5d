import { stat } from "node:fs/promises";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { someDisk } from "../../support/disk";
import { type DockerCommand, must } from "../../support/docker-command";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { dockerOnEngine } from "./docker-on-engine";

const engine = useEngineOfThisFile();
let docker: DockerCommand;
let image: string;
let disk: string;
/** As the kernel names the disk: `254:0`. */
let number: string;

beforeAll(async () => {
  ({ docker, image } = await dockerOnEngine(engine));
  disk = someDisk();
  const { rdev } = await stat(disk);
  number = `${(rdev >>> 8) & 0xfff}:${(rdev & 0xff) | ((rdev >>> 12) & 0xfff00)}`;
});

async function sleeper(...args: readonly string[]): Promise<{ readonly id: string; readonly stderr: string }> {
  const { stdout, stderr, exitCode } = await docker(["run", "-d", ...args, image, "sleep", "1000"]);
  const id = stdout.trim();
  onTestFinished(async () => void (await docker(["rm", "-f", id])));
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  return { id, stderr };
}

/** Of both versions of cgroups, whichever the container has. */
async function fileOf(id: string, ...names: readonly string[]): Promise<string> {
  const paths = names.flatMap((name) => [`/sys/fs/cgroup/blkio/${name}`, `/sys/fs/cgroup/${name}`]);
  return (await docker(["exec", id, "sh", "-c", `cat ${paths.join(" ")} 2>/dev/null`])).stdout.trim();
}

async function hostConfigOf(id: string): Promise<unknown> {
  return JSON.parse(await must(docker, "inspect", "--format", "{{json .HostConfig}}", id));
}

test("rates of a disk are in the container's cgroup, and inspect shows them [root only: an ordinary user may have no cgroup]", async () => {
  const rates = ["--device-read-bps", `${disk}:1mb`, "--device-write-bps", `${disk}:2mb`];
  const operations = ["--device-read-iops", `${disk}:30`, "--device-write-iops", `${disk}:40`];

  const { id, stderr } = await sleeper(...rates, ...operations);

  expect(stderr).not.toContain("discarded");
  const all = await fileOf(id, "io.max");
  if (all === "") {
    const throttle = (name: string): Promise<string> => fileOf(id, `blkio.throttle.${name}_device`);
    expect(await Promise.all(["read_bps", "write_bps", "read_iops", "write_iops"].map(throttle))).toEqual(
      [1024 ** 2, 2 * 1024 ** 2, 30, 40].map((rate) => `${number} ${rate}`),
    );
  } else expect(all).toBe(`${number} rbps=1048576 wbps=2097152 riops=30 wiops=40`);
  expect(await hostConfigOf(id)).toMatchObject({
    BlkioDeviceReadBps: [{ Path: disk, Rate: 1024 ** 2 }],
    BlkioDeviceWriteBps: [{ Path: disk, Rate: 2 * 1024 ** 2 }],
    BlkioDeviceReadIOps: [{ Path: disk, Rate: 30 }],
    BlkioDeviceWriteIOps: [{ Path: disk, Rate: 40 }],
  });
});

test("a weight is in the container's cgroup, and changes by update, where the kernel has weights [root only: an ordinary user may have no cgroup]", async () => {
  const { id, stderr } = await sleeper("--blkio-weight", "300");
  const weight = (): Promise<string> => fileOf(id, "blkio.weight", "blkio.bfq.weight", "io.bfq.weight");
  const hasWeights = (await weight()) !== "";

  if (hasWeights) {
    expect(stderr).toBe("");
    expect(await weight()).toMatch(/\b300$/);
    await must(docker, "update", "--blkio-weight", "500", id);
    expect(await weight()).toMatch(/\b500$/);
  } else expect(stderr).toContain("Block I/O weight or the cgroup is not mounted. Weight discarded.");
  expect(await hostConfigOf(id)).toMatchObject({ BlkioWeight: hasWeights ? 500 : 0 });
});

test("a weight out of range and a device that is not there are refused [root only: an ordinary user may have no cgroup]", async () => {
  const refused = async (...args: readonly string[]): Promise<string> => {
    const { stderr, exitCode } = await docker(["run", "--rm", ...args, image, "true"]);
    expect(exitCode).not.toBe(0);
    return stderr;
  };

  expect(await refused("--blkio-weight", "5")).toContain("Range of blkio weight is from 10 to 1000");
  expect(await refused("--device-read-bps", "/dev/none:1mb")).toContain("stat /dev/none: no such file or directory");
});
