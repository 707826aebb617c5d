import { expect, test } from "vitest";
import { parseMountInfo } from "../../../src/internal/mount-info";
import { scratchMountsIn, usedFirst } from "../../../src/internal/scratch-mounts";

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

test("the place in use comes first, however full it is, and no other without room", () => {
  const mounts = ["/cache", "/full", "/work"].map((path) => ({ path, type: "ext4" }));
  const withRoom = mounts.filter(({ path }) => path !== "/full");
  const placesFor = (storageFolder: string | undefined): readonly string[] =>
    usedFirst({ mounts, withRoom, storageFolder }).map(({ path }) => path);
  expect(placesFor("/full/.runcible-1f2e3d4c")).toEqual(["/full", "/cache", "/work"]);
  expect(placesFor("/work/.runcible-1f2e3d4c")).toEqual(["/work", "/cache"]);
  expect(placesFor("/var/lib/runcible/copy")).toEqual(["/cache", "/work"]);
  expect(placesFor(undefined)).toEqual(["/cache", "/work"]);
});
