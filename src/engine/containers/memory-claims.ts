import { freeMemory } from "../../runtime/runc/free-memory";
import type { EngineConfig } from "../config";
import { type MemoryClaim, type MemoryFacts, MemoryQueue, type RunningClaim } from "../memory/memory-queue";
import type { ContainerRecord } from "../state/container-record";
import type { Container } from "./container";
import type { ContainerContext } from "./context";

/** Taken for what a container without a limit will need: more than most small services, less than most databases. */
const assumedBytes = 128 * 1024 * 1024;
/** After this, a container without a limit has taken what it needs, and the machine's free memory tells the rest. */
const settledAfterMs = 10_000;

/** What the memory queue looks at: the containers of this engine, and the machine. */
function memoryFacts(context: Pick<ContainerContext, "index" | "runtime">): MemoryFacts {
  return {
    freeBytes: () => freeMemory(context.runtime.cgroupParent),
    claims: () => {
      const running = context.index.values().filter((container) => container.isRunning);
      return new Map(running.map((container) => [container.id, runningClaim(container)]));
    },
  };
}

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

function runningClaim({ record, run }: Container): RunningClaim {
  const bytes = bytesOf(record);
  const ageMs = Date.now() - Date.parse(record.state.startedAt ?? "");
  return {
    bytes,
    isSettled: !record.spec.resources.memoryBytes && ageMs > settledAfterMs,
    untakenBytes: async () => {
      const usage = await run?.group.sample().catch(() => undefined);
      return Math.max(0, bytes - (usage?.memory.usageBytes ?? 0));
    },
  };
}

/** Undefined: nobody is to wait. */
export function openMemoryQueue(
  { memory, memoryWaitMs }: Pick<EngineConfig, "memory" | "memoryWaitMs">,
  context: Pick<ContainerContext, "index" | "runtime" | "logger">,
): MemoryQueue | undefined {
  if (memory === "off") return undefined;
  const facts = memoryFacts(context);
  return new MemoryQueue({ facts, budgetBytes: memory, waitLimitMs: memoryWaitMs, logger: context.logger });
}
