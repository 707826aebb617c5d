import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { spawnTool } from "../../src/internal/exec";
import { killIfThere } from "../../src/internal/kill-if-there";
import { enginePid } from "../faults/support/engine-process";
import { type TestEngine, useTestEngine } from "../support/engine";
import { pushTestImage } from "../support/images";
import { difference, emptySnapshot, type Snapshot, takeSnapshot, takeSteadySnapshot } from "../support/leaks";
import { repeat, row, timed } from "./measure";
import type { Section } from "./section";

const turns = 3;
const containerCount = 10;
const fixture = join(import.meta.dirname, "../fixtures/start-many.cjs");

const victims = ["the test process", "the engine", "both at once"] as const;

/** From SIGKILL until nothing is left of what a test had, in turns. */
export async function measureAfterKill(registry: Parameters<typeof pushTestImage>[0]): Promise<Section> {
  await using engine = await useTestEngine();
  const image = await pushTestImage(registry, "busybox");
  const times = await repeat(turns, async () => {
    const ofTurn: number[] = [];
    for (const victim of victims) ofTurn.push(await untilNothingIsLeft(engine, image, victim));
    return ofTurn;
  });
  return {
    title: "From SIGKILL until nothing is left",
    note: `Processes, mounts, network namespaces, links, firewall rules and cgroups of ${containerCount} busybox containers; when the engine is killed, of that too. One look at all of it takes some 50 ms.`,
    rows: victims.map((victim, index) =>
      row(
        `killed: ${victim}`,
        times.map((ofTurn) => ofTurn[index] ?? Number.NaN),
      ),
    ),
  };
}

async function untilNothingIsLeft(
  engine: TestEngine,
  image: string,
  victim: (typeof victims)[number],
): Promise<number> {
  const { stateFolder } = engine;
  const before = victim === "the test process" ? await idleEngine(engine, image) : emptySnapshot(stateFolder);
  const child = await startContainers(engine, image);
  const pid = await enginePid(stateFolder);
  const { ms } = await timed(async () => {
    if (victim !== "the engine") child.kill("SIGKILL");
    if (victim !== "the test process") killIfThere(pid, "SIGKILL");
    while (difference(before, await takeSnapshot({ stateFolder })).length > 0);
  });
  await end(child);
  return ms;
}

/** As it is after containers: it keeps some things ready for the next ones. */
async function idleEngine(engine: TestEngine, image: string): Promise<Snapshot> {
  await end(await startContainers(engine, image));
  return await takeSteadySnapshot({ stateFolder: engine.stateFolder });
}

async function startContainers({ env }: TestEngine, image: string): Promise<ChildProcess> {
  const child = spawnTool(process.execPath, [fixture, image, String(containerCount)], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (child.stdout !== null) await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
  if (child.exitCode !== null) throw new TypeError("the test process ended before its containers were ready");
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  const ended = child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined;
  child.kill("SIGKILL");
  await ended;
}
