import { readFile } from "node:fs/promises";
import type { ContainerRun } from "../../runtime/container";
import type { InterfaceCounters, StatsSample } from "../routes/container-service";
import { timestampNow } from "../state/timestamp";
import type { Container } from "./container";

/** `ContainerService.stats` of a container that runs. */
export async function sampleStats(container: Container, run: ContainerRun): Promise<StatsSample> {
  const [sample, interfaces] = await Promise.all([
    run.group.sample(),
    run.sandbox === undefined ? {} : interfaceCounters(run.process.pid),
  ]);
  return { readAt: timestampNow(), ...sample, blockIo: [], interfaces: container.isRunning ? interfaces : {} };
}

/** proc(5), net/dev of the container's network namespace. */
async function interfaceCounters(pid: number): Promise<Readonly<Record<string, InterfaceCounters>>> {
  const text = await readFile(`/proc/${pid}/net/dev`, "utf8").catch(() => "");
  return Object.fromEntries(
    text.split("\n").flatMap((line) => {
      const [name, counters] = line.split(":");
      if (name === undefined || counters === undefined || name.trim() === "lo") return [];
      return [[name.trim(), countersOf(counters.trim().split(/\s+/).map(Number))]];
    }),
  );
}

function countersOf(columns: readonly number[]): InterfaceCounters {
  const at = (index: number): number => columns[index] ?? 0;
  return {
    receivedBytes: at(0),
    receivedPackets: at(1),
    receiveErrors: at(2),
    receiveDropped: at(3),
    sentBytes: at(8),
    sentPackets: at(9),
    sendErrors: at(10),
    sendDropped: at(11),
  };
}
