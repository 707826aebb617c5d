import { execFileSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { openCgroup } from "../../../src/runtime/runc/cgroup";
import { type ContainerGroup, openGroup } from "../../../src/runtime/runc/open-group";
import { openRunc, type Runc, type RuncProcess } from "../../../src/runtime/runc/runc";
import { createSpec, type OciSpec, type SpecRequest } from "../../../src/runtime/runc/spec";
import { isMachineRoot } from "../../support/run-as";

export interface StartedContainer {
  readonly id: string;
  readonly spec: OciSpec;
  readonly group: ContainerGroup;
  readonly process: RuncProcess;
}

export interface Bundles {
  readonly runc: Runc;
  /** Of all that is below. */
  readonly folder: string;
  readonly runcRoot: string;
  readonly rootPath: string;
  start(request: Partial<SpecRequest>, options?: { readonly hasStdin?: boolean }): Promise<StartedContainer>;
  /** Ends what still runs and removes every trace. */
  close(): Promise<void>;
}

export async function openBundles(): Promise<Bundles> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-runc-"));
  const rootPath = await makeRootfs(folder);
  const runcRoot = join(folder, "state");
  const runc = await openRunc({ root: runcRoot, runFolder: join(folder, "run") });
  const cgroupParent = `/runcible-test-${process.pid}`;
  const ids: string[] = [];
  const groups: ContainerGroup[] = [];
  return {
    runc,
    folder,
    runcRoot,
    rootPath,
    start: async (request, { hasStdin = false } = {}) => {
      const id = `rt${process.pid}x${ids.length}`;
      ids.push(id);
      const bundle = join(folder, id);
      await mkdir(bundle);
      const cgroupPath = isMachineRoot ? `${cgroupParent}/${id}` : undefined;
      const spec = createSpec({ ...defaults, rootPath, cgroupPath, ...request });
      await writeFile(join(bundle, "config.json"), JSON.stringify(spec));
      const tty = spec.process.terminal ? { tty: { rows: 24, columns: 80 } } : {};
      const started = await runc.run({ id, bundle, hasStdin, mayLeaveOthers: false, ...tty });
      const group = await openGroup(runc, { id, pid: started.pid, cgroupPath });
      groups.push(group);
      return { id, spec, group, process: started };
    },
    close: async () => {
      for (const id of ids) await runc.deleteForce(id);
      for (const group of groups) await group.remove();
      if (isMachineRoot) await openCgroup(cgroupParent).remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function sh(script: string): { readonly args: readonly string[] } {
  return { args: ["sh", "-c", script] };
}

export async function textOf(stream: Readable | null): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** Exit code and output of a process that ends by itself. */
export async function resultOf(
  process: RuncProcess,
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  const [stdout, stderr, { exitCode }] = await Promise.all([
    textOf(process.stdout),
    textOf(process.stderr),
    process.exited,
  ]);
  return { exitCode, stdout, stderr };
}

/** Those below a folder: suites beside this one mount and unmount as well. */
export async function mountsBelow(folder: string): Promise<readonly string[]> {
  return (await readFile("/proc/self/mountinfo", "utf8")).split("\n").filter((line) => line.includes(folder));
}

const defaults: Omit<SpecRequest, "rootPath" | "cgroupPath"> = {
  args: ["true"],
  env: [],
  cwd: "/",
  user: { uid: 0, gid: 0, additionalGids: [] },
  tty: false,
  hostname: "box",
  domainname: "",
  isReadOnlyRoot: false,
  hasCgroupNamespace: false,
  mounts: [],
  networkNamespace: "private",
  pidMode: "private",
  ipcMode: "private",
  utsMode: "private",
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

async function makeRootfs(folder: string): Promise<string> {
  const rootPath = join(folder, "rootfs");
  await mkdir(join(rootPath, "bin"), { recursive: true });
  await mkdir(join(rootPath, "tmp"));
  await mkdir(join(rootPath, "etc"));
  await copyFile("/bin/busybox", join(rootPath, "bin/busybox"));
  execFileSync("chroot", [rootPath, "/bin/busybox", "--install", "-s", "/bin"]);
  return rootPath;
}
