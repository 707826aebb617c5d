import { ownUserNamespace } from "../../internal/user-namespace";
import { type BlockIoLimit, blockIoLimits, heldBlockIo } from "../../runtime/runc/block-io";
import { cgroupFacts } from "../../runtime/runc/cgroup-files";
import { allowedUlimits, ownLimitsIn } from "../../runtime/runc/own-limits";
import { ociResources } from "../../runtime/runc/resources";
import type { ResourceSpec } from "../routes/container-spec";
import type { ContainerContext } from "./context";
import { checkCpusets } from "./cpusets";

const discarded =
  "Limits of memory, processors, processes and block I/O are discarded: this user has no cgroup of its own (see docs/rootless.md)";

/** As Docker says it of a kernel without them. */
const noBlockIo: Readonly<Record<BlockIoLimit, string>> = {
  blockWeight: noSupport("Block I/O weight", "Weight"),
  blockWeightDevices: noSupport("Block I/O weight_device", "Weight-device"),
  blockReadBytes: noSupport("BPS Block I/O read limit", "Block I/O BPS read limit"),
  blockWriteBytes: noSupport("BPS Block I/O write limit", "Block I/O BPS write limit"),
  blockReads: noSupport("IOPS Block read limit", "Block I/O IOPS read limit"),
  blockWrites: noSupport("IOPS Block write limit", "Block I/O IOPS write limit"),
};

function noSupport(what: string, limit: string): string {
  return `Your kernel does not support ${what} or the cgroup is not mounted. ${limit} discarded.`;
}

/**
 * The limits without those that the kernel has no files for, and sentences about what this engine cannot hold. Throws
 * `invalid-argument` for processors and memory nodes that are not there.
 */
export async function heldLimits<T extends Partial<ResourceSpec>>(
  context: ContainerContext,
  resources: T,
): Promise<{ readonly resources: T; readonly warnings: readonly string[] }> {
  const { cgroupParent } = context.runtime;
  checkCpusets(resources);
  const asked = blockIoLimits.filter((limit) => resources[limit] !== undefined);
  const held = cgroupParent === undefined || asked.length === 0 ? new Set(asked) : await heldBlockIo(cgroupParent);
  const lacking = asked.filter((limit) => !held.has(limit));
  const asksForCgroup = asked.length > 0 || Object.keys(ociResources(resources)).length > 0;
  const warnings = [
    ...(asksForCgroup && cgroupParent === undefined ? [discarded] : []),
    ...lacking.map((limit) => noBlockIo[limit]),
    ...(resources.isOomKillDisabled ? await oomWarnings(resources) : []),
    ...loweredUlimits(resources.ulimits ?? []),
    ...(resources.discarded ?? []),
  ];
  // A machine's lacks are worth a line of the log, however many containers ask.
  for (const warning of warnings) context.warnOnce(warning);
  const without = Object.fromEntries(lacking.map((limit) => [limit, undefined]));
  return { resources: lacking.length === 0 ? resources : { ...resources, ...without }, warnings };
}

async function oomWarnings({ memoryBytes }: Partial<ResourceSpec>): Promise<readonly string[]> {
  if ((await cgroupFacts()).version === 2) {
    return ["Your kernel does not support OomKillDisable. OomKillDisable discarded."];
  }
  return memoryBytes === undefined
    ? [
        "OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.",
      ]
    : [];
}

function loweredUlimits(ulimits: ResourceSpec["ulimits"]): readonly string[] {
  const allowed = allowedUlimits(ulimits, ownLimitsIn(ownUserNamespace()));
  return ulimits.flatMap(({ name, hard }, index) => {
    const granted = allowed[index]?.hard;
    return granted === hard
      ? []
      : [`Ulimit ${name} is lowered to ${granted}: the engine cannot raise it, which takes root's CAP_SYS_RESOURCE`];
  });
}
