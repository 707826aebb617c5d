import { access, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cgroupFacts, controllerFolder, readOr } from "./cgroup-files";
import { statDevice } from "./devices";
import type { OciBlockIo } from "./oci-spec";

/** Of a device of this machine: bytes or operations per second. */
export interface DeviceRate {
  readonly path: string;
  readonly rate: number;
}

export interface DeviceWeight {
  readonly path: string;
  readonly weight: number;
}

/** What a container may do with the disks below its files. Absent: no limit. */
export interface BlockIoLimits {
  /** 10 to 1000: its share of a disk that others want too. */
  readonly blockWeight?: number;
  readonly blockWeightDevices?: readonly DeviceWeight[];
  readonly blockReadBytes?: readonly DeviceRate[];
  readonly blockWriteBytes?: readonly DeviceRate[];
  readonly blockReads?: readonly DeviceRate[];
  readonly blockWrites?: readonly DeviceRate[];
}

export type BlockIoLimit = keyof BlockIoLimits;

/** Where version 1 of cgroups has them; which scheduler a disk has decides about the names of weights. */
const files: Readonly<Record<BlockIoLimit, readonly string[]>> = {
  blockWeight: ["blkio.weight", "blkio.bfq.weight"],
  blockWeightDevices: ["blkio.weight_device", "blkio.bfq.weight_device"],
  blockReadBytes: ["blkio.throttle.read_bps_device"],
  blockWriteBytes: ["blkio.throttle.write_bps_device"],
  blockReads: ["blkio.throttle.read_iops_device"],
  blockWrites: ["blkio.throttle.write_iops_device"],
};

export const blockIoLimits: readonly BlockIoLimit[] = Object.keys(files) as BlockIoLimit[];

/** Which limits the kernel holds for containers whose cgroups are below this one. */
export async function heldBlockIo(cgroupParent: string): Promise<ReadonlySet<BlockIoLimit>> {
  const facts = await cgroupFacts();
  if (facts.version === 2) {
    // The files are there as soon as runc has handed the controller down.
    const controllers = await readOr(join(facts.unified, dirname(cgroupParent), "cgroup.controllers"), "");
    return new Set(controllers.trim().split(/\s+/).includes("io") ? blockIoLimits : []);
  }
  if (!facts.hierarchies.has("blkio")) return new Set();
  // The topmost cgroup has fewer files than those below it.
  const folder = controllerFolder(facts, cgroupParent, "blkio");
  await mkdir(folder, { recursive: true });
  const isThere = async (file: string): Promise<boolean> =>
    await access(join(folder, file)).then(
      () => true,
      () => false,
    );
  const held = await Promise.all(
    blockIoLimits.map(async (limit) => (await Promise.all(files[limit].map(isThere))).includes(true)),
  );
  return new Set(blockIoLimits.filter((_, index) => held[index]));
}

/** OCI runtime specification, `linux.resources.blockIO`. Throws `invalid-argument` for a device that is not there. */
export function ociBlockIo(limits: BlockIoLimits): { readonly blockIO?: OciBlockIo } {
  const rates = (given: readonly DeviceRate[] = []) => given.map(({ path, rate }) => ({ ...numbersOf(path), rate }));
  const weights = (limits.blockWeightDevices ?? []).map(({ path, weight }) => ({ ...numbersOf(path), weight }));
  const lists = {
    weightDevice: weights,
    throttleReadBpsDevice: rates(limits.blockReadBytes),
    throttleWriteBpsDevice: rates(limits.blockWriteBytes),
    throttleReadIOPSDevice: rates(limits.blockReads),
    throttleWriteIOPSDevice: rates(limits.blockWrites),
  };
  const asked = Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));
  const weight = limits.blockWeight === undefined ? {} : { weight: limits.blockWeight };
  const blockIO = { ...weight, ...asked };
  return Object.keys(blockIO).length === 0 ? {} : { blockIO };
}

function numbersOf(path: string): { readonly major: number; readonly minor: number } {
  const { major, minor } = statDevice(path, `stat ${path}`);
  return { major, minor };
}
