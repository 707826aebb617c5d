import { expect, test } from "vitest";
import { describeUserNamespace } from "../../../../src/internal/user-namespace";
import { effectiveCapabilities, parseBoundingSet } from "../../../../src/runtime/runc/capabilities";
import { ociResources } from "../../../../src/runtime/runc/resources";
import { runcError } from "../../../../src/runtime/runc/runc-error";
import { defaultSeccomp } from "../../../../src/runtime/runc/seccomp";
import { createSpec, execProcess, type SpecRequest } from "../../../../src/runtime/runc/spec";
import { parseRuncVersion } from "../../../../src/runtime/runc/version";

const request: SpecRequest = {
  args: ["true"],
  env: ["A=1"],
  cwd: "/",
  user: { uid: 0, gid: 0, additionalGids: [] },
  tty: false,
  hostname: "box",
  domainname: "",
  rootPath: "/root",
  isReadOnlyRoot: false,
  hasCgroupNamespace: false,
  mounts: [],
  networkNamespace: "/run/netns/a",
  pidMode: "private",
  ipcMode: "private",
  utsMode: "private",
  cgroupPath: "/parent/id",
  resources: {},
  capAdd: [],
  capDrop: [],
  isPrivileged: false,
  seccomp: "default",
  has32BitPrograms: false,
  noNewPrivileges: false,
  devices: [],
  sysctls: {},
  ulimits: [],
};
const bind = (target: string): SpecRequest["mounts"][number] => ({ target, type: "bind", source: "/s", options: [] });
const targetsOf = (mounts: SpecRequest["mounts"]): readonly string[] =>
  createSpec({ ...request, mounts }).mounts.map(({ destination }) => destination);

test("mounts come after the default ones, parents before children", () => {
  expect(targetsOf([bind("/a/b/c"), bind("/a"), bind("/z/y")]).slice(-3)).toEqual(["/a", "/z/y", "/a/b/c"]);
});

test("a mount replaces the default one on its target, and /dev all below it", () => {
  expect(targetsOf([bind("/dev/shm")]).filter((target) => target === "/dev/shm")).toHaveLength(1);
  expect(targetsOf([bind("/dev")]).filter((target) => target.startsWith("/dev"))).toEqual(["/dev"]);
});

test("namespaces are private, the host's or those of a path", () => {
  const { linux, hostname } = createSpec({ ...request, pidMode: "host", ipcMode: "/proc/1/ns/ipc", utsMode: "host" });
  expect(linux.namespaces).toEqual([
    { type: "mount" },
    { type: "network", path: "/run/netns/a" },
    { type: "ipc", path: "/proc/1/ns/ipc" },
  ]);
  expect(hostname).toBeUndefined();
});

test("the environment has a PATH and the host name unless the image sets them", () => {
  const { env } = createSpec({ ...request, env: ["PATH=/opt", "A=1"] }).process;
  expect(env).toEqual(["PATH=/opt", "HOSTNAME=box", "A=1"]);
});

test("a terminal has 24 rows and 80 columns unless told otherwise", () => {
  expect(createSpec({ ...request, tty: true }).process.consoleSize).toEqual({ height: 24, width: 80 });
});

test("an exec takes the container's environment with its own over it", () => {
  const exec = execProcess(createSpec(request), { args: ["ls"], env: ["A=2"], tty: false, isPrivileged: false });
  expect(exec.env.filter((entry) => entry.startsWith("A="))).toEqual(["A=2"]);
});

test("privileged hides nothing and filters nothing", () => {
  const { linux } = createSpec({ ...request, isPrivileged: true });
  expect(linux.maskedPaths).toEqual([]);
  expect(linux.seccomp).toBeUndefined();
  expect(linux.devices.map(({ path }) => path)).toContain("/dev/null");
});

test("capabilities: ALL on one side, exceptions on the other", () => {
  const held = ["CAP_CHOWN", "CAP_KILL"];
  const of = (add: string[], drop: string[]): readonly string[] =>
    effectiveCapabilities({ add, drop, isPrivileged: false, held });
  expect(of([], [])).toHaveLength(14);
  expect(of(["ALL"], ["CAP_KILL"])).toEqual(["CAP_CHOWN"]);
  expect(of(["CAP_SYS_ADMIN"], ["ALL"])).toEqual(["CAP_SYS_ADMIN"]);
  expect(() => of(["CAP_NOPE"], [])).toThrow('invalid CapAdd: unknown capability: "CAP_NOPE"');
});

test("the bounding set is read bit by bit", () => {
  expect(parseBoundingSet("CapBnd:\t0000000000000021\n")).toEqual(["CAP_CHOWN", "CAP_KILL"]);
});

test("system calls of a capability are allowed with it alone", () => {
  const allowed = (capabilities: readonly string[]): ReadonlySet<string> =>
    new Set(
      defaultSeccomp(capabilities, { architecture: "x64", has32BitPrograms: false }).syscalls.flatMap((rule) =>
        rule.args === undefined && rule.action === "SCMP_ACT_ALLOW" ? rule.names : [],
      ),
    );
  expect(allowed([]).has("mount")).toBe(false);
  expect(allowed(["CAP_SYS_ADMIN"]).has("mount")).toBe(true);
  expect(allowed([]).has("keyctl")).toBe(false);
  expect(defaultSeccomp([], { architecture: "x64", has32BitPrograms: false }).syscalls).toContainEqual({
    names: ["clone3"],
    action: "SCMP_ACT_ERRNO",
    errnoRet: 38,
  });
});

test("swap is twice the memory and CPUs become a quota of 100 ms", () => {
  expect(ociResources({ memoryBytes: 100, nanoCpus: 1_500_000_000 })).toEqual({
    memory: { limit: 100, swap: 200 },
    cpu: { quota: 150_000, period: 100_000 },
  });
  expect(ociResources({ memoryBytes: 100, memorySwapBytes: -1 }).memory?.swap).toBe(-1);
});

test("runc's text decides what went wrong", () => {
  const codeOf = (text: string): string => runcError("start container a", text, "").code;
  expect(codeOf('unable to start container process: exec: "x": executable file not found in $PATH')).toBe(
    "executable-not-found",
  );
  expect(codeOf('exec: "/x": permission denied')).toBe("executable-not-permitted");
  expect(codeOf("error mounting /a to rootfs: no such file or directory")).toBe("start-failed");
  const unlike =
    'error mounting "/a" to rootfs at "/b": mount /a:/b (via /proc/self/fd/6), flags: 0x5000: not a directory';
  expect(runcError("start container a", unlike, "")).toMatchObject({
    code: "start-failed",
    message: `start container a: ${unlike}; is it a folder where a file is expected, or the other way round?`,
  });
});

test("runc's version is read from its first line", () => {
  expect(parseRuncVersion("runc version 1.1.5+ds1\ncommit: x\n")).toBe("1.1.5");
  expect(() => parseRuncVersion("crun 1.0")).toThrow("install 1.1 or newer");
});

const user = describeUserNamespace("0 1000 1\n1 100000 65536\n", "0 1000 1\n1 100000 65536\n");

test("an ordinary user's container has no cgroup, no limits, and groups only as far as they are mapped", () => {
  const resources = ociResources({ memoryBytes: 1e8 });
  const { linux } = createSpec({ ...request, cgroupPath: undefined, resources, userNamespace: user });
  expect(linux).not.toHaveProperty("cgroupsPath");
  expect(linux.resources).not.toHaveProperty("memory");
  expect(linux.sysctl).toMatchObject({ "net.ipv4.ping_group_range": "0 65536" });
});

test("with the host's network, an ordinary user's container is shown the host's sysfs: it may mount none", () => {
  const { mounts } = createSpec({ ...request, networkNamespace: "host", userNamespace: user });
  expect(mounts.find(({ destination }) => destination === "/sys")).toMatchObject({ type: "bind", source: "/sys" });
});

test("a user with one id has no group for terminals", () => {
  const one = describeUserNamespace("0 1000 1", "0 1000 1");
  const { mounts } = createSpec({ ...request, userNamespace: one });
  expect(mounts.find(({ destination }) => destination === "/dev/pts")?.options).not.toContain("gid=5");
});
