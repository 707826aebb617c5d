import { mkdir, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { hasCode, RuncibleError } from "../../internal/errors";
import type { UndoStack } from "../../internal/undo";
import type { Mount } from "../../runtime/mount";
import type { MountSpec } from "../routes/container-spec";
import type { MountRecord } from "../state/container-record";
import type { VolumeHold, Volumes } from "../volumes/volume-service";

export interface MountPlan {
  readonly records: readonly MountRecord[];
  /** Volumes to be filled with what the image has at the target. */
  readonly fills: readonly { readonly volume: string; readonly target: string }[];
}

export interface MountRequest {
  readonly mounts: readonly MountSpec[];
  /** Of other containers, asked for by `volumesFrom`. */
  readonly inherited: readonly MountRecord[];
  /** Paths that get an anonymous volume unless something else is mounted there. */
  readonly anonymousTargets: readonly string[];
}

export interface MountTools {
  readonly volumes: Pick<Volumes, "ready" | "remove">;
  readonly hold: VolumeHold;
  readonly undo: UndoStack;
}

/**
 * Makes the volumes a container needs and says what is mounted where. All of them are held; to undo it removes those
 * that were made for this container only, once the hold is released. Throws `bind-source-missing`, `invalid-argument`.
 */
export async function planMounts(request: MountRequest, { volumes, hold, undo }: MountTools): Promise<MountPlan> {
  const records: MountRecord[] = [];
  const fills: { volume: string; target: string }[] = [];
  for (const { name } of request.inherited) if (name !== undefined) hold.keep(name);

  for (const mount of request.mounts) {
    const target = posix.normalize(mount.target);
    if (records.some((record) => record.target === target)) {
      throw new RuncibleError("invalid-argument", `Duplicate mount point: ${target}`);
    }
    if (mount.kind === "bind") await checkBindSource(mount);
    records.push(mount.kind === "volume" ? await volumeRecord(mount, target) : recordOf(mount, target));
  }
  const isFree = (target: string): boolean => !records.some((record) => record.target === target);
  records.push(...request.inherited.filter(({ target }) => isFree(target)));
  for (const path of request.anonymousTargets) {
    const target = posix.normalize(path);
    const spec = { kind: "volume", target, isReadOnly: false, noCopy: false, labels: {}, mode: "" } as const;
    if (isFree(target)) records.push(await volumeRecord(spec, target));
  }
  return { records, fills };

  async function volumeRecord(mount: MountSpec & { kind: "volume" }, target: string): Promise<MountRecord> {
    const { name: wanted = "", labels } = mount;
    const { name, mountpoint: root } = await hold.create({ name: wanted, labels, options: {} });
    await volumes.ready(name);
    if (wanted === "") undo.push(() => volumes.remove(name, { force: true }));
    if (!mount.noCopy && mount.subpath === undefined) fills.push({ volume: name, target });
    const source = mount.subpath === undefined ? { source: root } : { source: join(root, mount.subpath), root };
    const { mode, isReadOnly } = mount;
    return { kind: "volume", name, ...source, target, mode, isReadOnly, propagation: "", options: [] };
  }
}

/** Before anything is looked for in them: an engine that took over has mounted nothing of what volumes' options say. */
export async function readyVolumes(volumes: Pick<Volumes, "ready">, records: readonly MountRecord[]): Promise<void> {
  await Promise.all(records.map(({ name }) => (name === undefined ? undefined : volumes.ready(name))));
}

/** As the runtime wants them, parents before children. */
export function runtimeMounts(records: readonly MountRecord[]): readonly Mount[] {
  return byDepth(records).map(runtimeMount);
}

/** Parents before children. */
export function byDepth(records: readonly MountRecord[]): readonly MountRecord[] {
  return [...records].sort((left, right) => depth(left.target) - depth(right.target));
}

function runtimeMount(record: MountRecord): Mount {
  const { kind, source, root, target, isReadOnly, propagation, options } = record;
  if (kind === "tmpfs") {
    return { type: "tmpfs", source: "tmpfs", target, options: ["nosuid", "nodev", "noexec", ...options] };
  }
  return {
    type: "bind",
    source,
    ...(root === undefined ? {} : { root }),
    target,
    options: ["rbind", propagation === "" ? "rprivate" : propagation, isReadOnly ? "ro" : "rw"],
  };
}

function recordOf(mount: Exclude<MountSpec, { kind: "volume" }>, target: string): MountRecord {
  if (mount.kind === "tmpfs") {
    const { options } = mount;
    return {
      kind: "tmpfs",
      source: "",
      target,
      mode: "",
      isReadOnly: options.includes("ro"),
      propagation: "",
      options,
    };
  }
  const { source, mode, isReadOnly, propagation } = mount;
  return { kind: "bind", source, target, mode, isReadOnly, propagation, options: [] };
}

async function checkBindSource(mount: MountSpec & { kind: "bind" }): Promise<void> {
  try {
    await stat(mount.source);
  } catch (cause) {
    if (hasCode(cause, "ENOENT") && mount.createSource) {
      await mkdir(mount.source, { recursive: true });
      return;
    }
    throw new RuncibleError(
      "bind-source-missing",
      `invalid mount config for type "bind": bind source path does not exist: ${mount.source}`,
      { cause },
    );
  }
}

function depth(target: string): number {
  return target.split("/").filter((part) => part !== "").length;
}
