import { freeMemory } from "../../runtime/runc/free-memory";
import type { EngineConfig } from "../config";
import { type MemoryClaim, type MemoryFacts, MemoryQueue, type RunningClaim } from "../memory/memory-queue";
import type { ContainerRecord } from "../state/container-record";
import type { Container } from "./container";
import type { ContainerContext, RunningStep } from "./context";

/** Taken for what a container without a limit will need: more than most small services, less than most databases. */
const assumedBytes = 128 * 1024 * 1024;
/** After this, a container without a limit has taken what it needs, and the machine's free memory tells the rest. */
const settledAfterMs = 10_000;

/** What the memory queue looks at: the containers and build steps of this engine, and the machine. */
function memoryFacts(context: ClaimContext): MemoryFacts {
  return {
    freeBytes: () => freeMemory(context.runtime.cgroupParent),
    claims: () => {
      const containers = context.index.values().filter((container) => container.keepsMemory);
      return new Map([
        ...containers.map((container) => [container.id, claimOfContainer(container)] as const),
        ...[...context.steps].map((step, index) => [`step ${index}`, runningClaim(step)] as const),
      ]);
    },
  };
}

type ClaimContext = Pick<ContainerContext, "index" | "runtime" | "steps">;

/** What a container that is to start may take. */
export function claimFor(container: Container): MemoryClaim {
  return {
    id: container.id,
    name: container.name,
    bytes: bytesOf(container.record),
    isGivenUp: () => container.isRemoving || container.isStopWanted,
  };
}

function bytesOf({ spec }: ContainerRecord): number {
  return spec.resources.memoryBytes || assumedBytes;
}

/** Between two runs it has taken nothing, and will take it all. */
function claimOfContainer({ record, run }: Container): RunningClaim {
  const startedAtMs = run === undefined ? Date.now() : Date.parse(record.state.startedAt ?? "");
  return runningClaim({ run, memoryLimit: record.spec.resources.memoryBytes ?? 0, startedAtMs });
}

function runningClaim(one: Omit<RunningStep, "run"> & { readonly run: RunningStep["run"] | undefined }): RunningClaim {
  const bytes = one.memoryLimit || assumedBytes;
  return {
    bytes,
    isSettled: one.memoryLimit === 0 && Date.now() - one.startedAtMs > settledAfterMs,
    untakenBytes: async () => {
      const usage = await one.run?.group.sample().catch(() => undefined);
      return Math.max(0, bytes - (usage?.memory.usageBytes ?? 0));
    },
  };
}

/** Undefined: nobody is to wait. */
export function openMemoryQueue(
  { memory, memoryWaitMs }: Pick<EngineConfig, "memory" | "memoryWaitMs">,
  context: ClaimContext & Pick<ContainerContext, "logger">,
): MemoryQueue | undefined {
  if (memory === "off") return undefined;
  const facts = memoryFacts(context);
  return new MemoryQueue({ facts, budgetBytes: memory, waitLimitMs: memoryWaitMs, logger: context.logger });
}
