import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cleanUp } from "../internal/clean-up";
import { hasCode, RuncibleError } from "../internal/errors";
import type { Logger } from "../internal/log";
import { createUndoStack, type UndoStack } from "../internal/undo";
import type { Digest } from "./image/digest";
import type { ImageStore } from "./image/image-store";
import type { LayerStore } from "./layer/layer-store";
import { layerFolders } from "./layer-folders";
import type { Mount } from "./mount";
import type { EndpointRequest, NetworkStack, PortRequest, PortReservation, Sandbox } from "./network/stack";
import { type NetworkFilesRequest, networkFileMounts, writeHostNetworkFiles, writeNetworkFiles } from "./network-files";
import { mountFilesystem, unmount } from "./rootfs/mount-tool";
import { pinSources } from "./rootfs/pinned-sources";
import type { RootfsDriver } from "./rootfs/rootfs";
import { ensureSystemFolders } from "./rootfs/system-folders";
import type { AppArmor } from "./runc/apparmor";
import { cgroupFacts } from "./runc/cgroup-files";
import { type ContainerGroup, openGroup } from "./runc/open-group";
import type { Runc, RuncProcess } from "./runc/runc";
import { createSpec, type OciSpec, type SpecRequest } from "./runc/spec";
import { specText } from "./runc/spec-text";
import { type ContainerUser, resolveUser } from "./runc/users";
import { openTree } from "./tree/open-tree";
import { walkTo } from "./tree/walk-to";

/** The parts a container is put together from. This file alone sees them all. */
export interface RuntimeParts {
  readonly layers: LayerStore;
  readonly images: ImageStore;
  readonly rootfs: RootfsDriver;
  readonly network: NetworkStack;
  readonly runc: Runc;
  /** Parent of the containers' cgroups: `/runcible-1f2e3d4c`. Undefined: there are none to be had, and so no limits. */
  readonly cgroupParent: string | undefined;
  readonly appArmor: AppArmor;
  readonly logger: Logger;
}

export type NetworkRequest =
  | { readonly kind: "host" }
  /** No endpoints: loopback only. */
  | { readonly kind: "sandbox"; readonly endpoints: readonly EndpointRequest[]; readonly ports: readonly PortRequest[] }
  /** The network namespace, hosts and resolv.conf of another running container. */
  | SharedNetwork;

/** Of another container: its namespace, and the folder with the files that tell of it. */
export interface SharedNetwork {
  readonly kind: "shared";
  readonly path: string;
  readonly folder: string;
}

export function sharedNetworkOf({ network }: Pick<RunRequest, "network">): SharedNetwork | undefined {
  return network.kind === "shared" ? network : undefined;
}

export interface RunRequest {
  readonly id: string;
  /** The container's folder; its rootfs is mounted there. */
  readonly folder: string;
  /** Until it is: what needs it not is done meanwhile. Default: it is. */
  readonly rootReady?: Promise<void>;
  /** Where the runtime specification is written, which has all variables. Default: `folder`. */
  readonly bundle?: string;
  readonly rootPath: string;
  /** As in passwd(5): `name`, `uid`, `name:group`, `uid:gid`; empty: root. */
  readonly user: string;
  /** Further groups, by name or number. */
  readonly groups: readonly string[];
  readonly hasStdin: boolean;
  readonly tty?: { readonly rows: number; readonly columns: number };
  readonly network: NetworkRequest;
  /**
   * Whether the container's cgroup is the root of what it sees. Default: with version 2 of cgroups, unless privileged.
   */
  readonly hasCgroupNamespace?: boolean;
  /** Made before the start and gone with the run. Default: none but what `spec` asks for. */
  readonly sharedMemory?: SharedMemoryRequest;
  readonly names: Omit<NetworkFilesRequest, "folder" | "addresses">;
  readonly spec: Omit<
    SpecRequest,
    "user" | "rootPath" | "cgroupPath" | "hasCgroupNamespace" | "networkNamespace" | "tty" | "hostname"
  >;
}

/** A file system in memory, at a place of the engine's own, that containers can be given as their `/dev/shm`. */
export interface SharedMemoryRequest {
  readonly folder: string;
  readonly sizeBytes: number;
}

export interface RunOutcome {
  readonly exitCode: number;
  readonly isOutOfMemory: boolean;
}

/** A container that runs. Everything it holds is released when its process has ended. */
export interface ContainerRun {
  readonly process: RuncProcess;
  /** Undefined: not runc runs it, so nothing else can be run beside it. */
  readonly spec: OciSpec | undefined;
  readonly group: ContainerGroup;
  /** Absent with the host's network or that of another container. */
  readonly sandbox: Sandbox | undefined;
  /** The network of another container, which whoever joins this one's gets too. */
  readonly sharedNetwork: SharedNetwork | undefined;
  readonly ports: PortReservation | undefined;
  /**
   * Settles when the process has ended, its ports and cgroup are gone, and its network leads nowhere. Never rejects.
   */
  readonly exited: Promise<RunOutcome>;
}

/** Where the root of a container is mounted. */
export function rootPathIn(folder: string): string {
  return join(folder, "merged");
}

/** Mounts the root of a container out of its image's layers; `folder` keeps what the container writes. */
export async function prepareRootfs(
  parts: RuntimeParts,
  container: { readonly folder: string; readonly diffIds: readonly Digest[] },
): Promise<string> {
  await mkdir(container.folder, { recursive: true, mode: 0o710 });
  const layers = await layerFolders(parts, container.diffIds);
  const { path } = await parts.rootfs.mount({ layers, folder: container.folder });
  return path;
}

/**
 * Starts a container's first process. Rejects as `Runc.run`, `NetworkStack.reservePorts` and `resolveUser` do, with
 * nothing left behind.
 */
export function startContainer(parts: RuntimeParts, request: RunRequest): Promise<ContainerRun> {
  return parts.network.duringStart(() => startUndisturbed(parts, request));
}

async function startUndisturbed(parts: RuntimeParts, request: RunRequest): Promise<ContainerRun> {
  const undo = createUndoStack();
  // Needs nothing of the network, so it runs beside it; a failure is thrown where the user is needed.
  const user = prepareUser(request);
  user.catch(() => {});
  try {
    if (request.sharedMemory !== undefined) await openSharedMemory(request.sharedMemory, undo);
    const { ports, sandbox } = await openContainerNetwork(parts, request, undo);
    const { spec, process } = await runBundle(parts, request, { sandbox, user: await user });
    const cgroupPath = cgroupPathOf(parts, request.id);
    const group = await openGroup(parts.runc, { id: request.id, pid: process.pid, cgroupPath }).catch((error) => {
      // Nobody would follow it to its end.
      process.kill("SIGKILL");
      throw error;
    });
    const release = async (): Promise<void> =>
      undo.unwind((error) => parts.logger.warn("release container", { error }));
    const exited = settle(process, group, release);
    return { process, spec, group, sandbox, sharedNetwork: sharedNetworkOf(request), ports, exited };
  } catch (error) {
    // Whoever unmounts the root, or tries again, must not find it at work there.
    await user.catch(() => {});
    await undo.unwind((failure) => parts.logger.warn("undo container start", { error: failure }));
    throw error;
  }
}

async function openSharedMemory({ folder, sizeBytes }: SharedMemoryRequest, undo: UndoStack): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  undo.push(() => unmount(folder));
  const options = ["nosuid", "noexec", "nodev", "mode=1777", `size=${sizeBytes}`];
  await mountFilesystem({ type: "tmpfs", source: "shm", target: folder, options });
}

/** Ports and network of a container that is about to start; to undo it gives both back. */
export async function openContainerNetwork(
  parts: RuntimeParts,
  request: Pick<RunRequest, "id" | "network">,
  undo: UndoStack,
): Promise<Pick<ContainerRun, "ports" | "sandbox">> {
  const ports = await reservePorts(parts, request.network);
  undo.push(async () => ports?.release());
  const sandbox = await openSandbox(parts, request, ports);
  undo.push(async () => sandbox?.close());
  return { ports, sandbox };
}

async function reservePorts(parts: RuntimeParts, network: NetworkRequest): Promise<PortReservation | undefined> {
  if (network.kind !== "sandbox" || network.ports.length === 0) return undefined;
  return await parts.network.reservePorts(network.ports);
}

async function openSandbox(
  parts: RuntimeParts,
  { id, network }: Pick<RunRequest, "id" | "network">,
  ports: PortReservation | undefined,
): Promise<Sandbox | undefined> {
  if (network.kind !== "sandbox") return undefined;
  return await parts.network.openSandbox({
    containerId: id,
    endpoints: network.endpoints,
    ...(ports === undefined ? {} : { ports }),
  });
}

/** What the image says of the user, and the folders that must be there. */
async function prepareUser({ rootPath, rootReady, user, groups, spec }: RunRequest): Promise<ContainerUser> {
  await rootReady;
  await ensureSystemFolders(rootPath);
  const [resolved] = await Promise.all([resolveUser(rootPath, user, groups), ensureFolder(rootPath, spec.cwd)]);
  return resolved;
}

interface Prepared {
  readonly sandbox: Sandbox | undefined;
  readonly user: ContainerUser;
}

async function runBundle(
  parts: RuntimeParts,
  request: RunRequest,
  prepared: Prepared,
): Promise<{ readonly spec: OciSpec; readonly process: RuncProcess }> {
  const { id, folder, bundle = folder, hasStdin, tty } = request;
  const sources = await pinSources(request.spec.mounts, folder);
  try {
    const spec = await writeBundle(parts, request, prepared, sources.mounts);
    const cgroupPath = cgroupPathOf(parts, id);
    const process = await parts.runc.run({
      id,
      bundle,
      hasStdin,
      mayLeaveOthers: request.spec.pidMode !== "private",
      ...(cgroupPath === undefined ? {} : { cgroupPath }),
      ...(tty === undefined ? {} : { tty }),
    });
    return { spec, process };
  } finally {
    await sources.release((error) => parts.logger.warn("release mount source", { container: id, error }));
  }
}

async function writeBundle(
  parts: RuntimeParts,
  request: RunRequest,
  { sandbox, user }: Prepared,
  ownMounts: readonly Mount[],
): Promise<OciSpec> {
  const { rootPath, network, names } = request;
  const networkMounts = await networkMountsOf(request, sandbox);
  const own = new Set(ownMounts.map(({ target }) => target));
  const mounts: readonly Mount[] = [...networkMounts.filter(({ target }) => !own.has(target)), ...ownMounts];
  const spec = createSpec({
    ...request.spec,
    env: withHome(request.spec.env, user.home),
    mounts,
    user,
    rootPath,
    hostname: names.hostname,
    networkNamespace: namespaceOf(network, sandbox),
    cgroupPath: cgroupPathOf(parts, request.id),
    hasCgroupNamespace: request.hasCgroupNamespace ?? (await seesOwnCgroup(request.spec)),
    tty: request.tty !== undefined,
    ...(request.tty === undefined ? {} : { consoleSize: request.tty }),
  });
  await writeFile(join(request.bundle ?? request.folder, "config.json"), specText(spec), { mode: 0o600 });
  return spec;
}

/** Whether Docker would give a container a cgroup namespace where nobody said so. */
export async function seesOwnCgroup({ isPrivileged }: Pick<SpecRequest, "isPrivileged">): Promise<boolean> {
  return (await cgroupFacts()).version === 2 && !isPrivileged;
}

/** Writes the files that tell a container of its network, and says how they are mounted. */
export async function networkMountsOf(
  request: Pick<RunRequest, "folder" | "network" | "names">,
  sandbox: Sandbox | undefined,
): Promise<readonly Mount[]> {
  const { folder, network, names } = request;
  switch (network.kind) {
    case "shared":
      return networkFileMounts(network.folder);
    case "host":
      return await writeHostNetworkFiles(folder, names);
    case "sandbox": {
      const addresses = sandbox?.endpoints.map(({ ipv4Address }) => ipv4Address) ?? [];
      return await writeNetworkFiles({ ...names, folder, addresses });
    }
  }
}

function namespaceOf(network: NetworkRequest, sandbox: Sandbox | undefined): string {
  if (network.kind === "host") return "host";
  const path = network.kind === "shared" ? network.path : sandbox?.path;
  if (path === undefined) throw new RuncibleError("internal", "start container: its network namespace was not made");
  return path;
}

/** Docker makes a missing working folder, owned by root. */
async function ensureFolder(rootPath: string, folder: string): Promise<void> {
  await using walk = await openTree({ path: rootPath });
  try {
    const last = await walkTo(walk, folder, { followLast: true, makeMissing: true });
    if (last === undefined) return;
    await walk.makeFolder(last);
    await walk.enter(last);
  } catch (cause) {
    if (!hasCode(cause, "ENOTDIR")) throw cause;
    throw new RuncibleError("invalid-argument", `use working folder ${folder}: it is a file in the image`, { cause });
  }
}

/** runc sets no HOME; programs expect that of the user they run as. */
function withHome(env: readonly string[], home: string): readonly string[] {
  return env.some((entry) => entry.startsWith("HOME=")) ? env : [...env, `HOME=${home}`];
}

function cgroupPathOf({ cgroupParent }: RuntimeParts, id: string): string | undefined {
  return cgroupParent === undefined ? undefined : `${cgroupParent}/${id}`;
}

async function settle(process: RuncProcess, group: ContainerGroup, release: () => Promise<void>): Promise<RunOutcome> {
  const { exitCode } = await process.exited;
  const isOutOfMemory = await group.wasOutOfMemory().catch(() => false);
  // A cgroup that cannot be removed is no news to anybody: the next engine tries again.
  await Promise.all([
    cleanUp(
      () => group.remove(),
      () => {},
    ),
    release(),
  ]);
  return { exitCode, isOutOfMemory };
}
