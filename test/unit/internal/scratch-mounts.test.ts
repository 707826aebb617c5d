import { expect, test } from "vitest";
import { parseMountInfo } from "../../../src/internal/mount-info";
import { scratchMountsIn } from "../../../src/internal/scratch-mounts";

function mount(line: string): string {
  const [root, target, options, type, superOptions] = line.split(" ");
  return `100 99 254:0 ${root} ${target} ${options} shared:1 - ${type} source ${superOptions}`;
}

function found(...lines: readonly string[]): readonly string[] {
  return scratchMountsIn(parseMountInfo(lines.map(mount).join("\n"))).map(({ path, type }) => `${path} ${type}`);
}

test("volumes of Docker, Podman, this package and Kubernetes are places, disks before memory", () => {
  expect(
    found(
      "/ /tmp rw tmpfs rw",
      "/lib/docker/volumes/8f/_data /var/lib/runcible rw,relatime ext4 rw",
      "/containers/storage/volumes/x/_data /cache rw xfs rw",
      "/state/volumes/name/_data /own rw btrfs rw",
      "/kubelet/pods/1-2/volumes/kubernetes.io~empty-dir/work /work rw ext4 rw",
    ),
  ).toEqual(["/var/lib/runcible ext4", "/cache xfs", "/own btrfs", "/work ext4", "/tmp tmpfs"]);
});

test.each([
  ["a folder of the machine", "/home/jane/checkout /work rw ext4 rw"],
  ["a file", "/lib/docker/containers/8f/hosts /etc/hosts rw ext4 rw"],
  ["what is mounted read-only", "/lib/docker/volumes/8f/_data /data ro ext4 rw"],
  ["a file system that is read-only", "/lib/docker/volumes/8f/_data /data rw ext4 ro"],
  ["another overlay", "/lib/docker/volumes/8f/_data /data rw overlay rw"],
  ["shared memory", "/ /dev/shm rw tmpfs rw"],
  ["what hides parts of /proc", "/ /proc/acpi rw tmpfs rw"],
  ["secrets", "/ /run/secrets/kubernetes.io/serviceaccount rw tmpfs rw"],
])("%s is no place", (_what, line) => {
  expect(found(line)).toEqual([]);
});

test("what is mounted over a place hides it", () => {
  expect(found("/lib/docker/volumes/8f/_data /data rw ext4 rw", "/home /data rw ext4 rw")).toEqual([]);
});
