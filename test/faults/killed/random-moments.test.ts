import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../../../src/client/connect";
import { errorTable } from "../../../src/internal/errors";
import { type TestEngine, useTestEngine } from "../../support/engine";
import type { Snapshot } from "../../support/leaks";
import { busyboxLayer, noiseLayer, pushLayers } from "../../support/registry/layered-image";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";
import { waitUntil } from "../../support/wait-until";
import { expectNoMoreThan, nothingOf, settledHoldings } from "../support/machine";
import { seededRandom } from "../support/random";
import { faultsOfStore, type LayerContents, layerContents } from "../support/store";
import { findVictim, hasSupervisor, killNow, type Victim } from "./victims";
import { startWorkload, type Workload } from "./workload";

const moments = Number(process.env["RUNCIBLE_FAULT_MOMENTS"] || 200);
/** A start of the engine and a few rounds of work. */
const spanMs = 900;
/** For what goes by itself; the machine is busy with the work of the others. */
const settleMs = 10_000;
const endMs = 60_000;
/** A moment takes a second on a machine at rest, and three on one that is overloaded. */
const allMomentsMs = 1_800_000;

const choices: readonly [readonly Victim[], ...(readonly Victim[])[]] = [
  ["test process"],
  ["test process"],
  ["launcher"],
  ["engine"],
  ["engine", "test process"],
  ["test process", "engine"],
  ["test process", "launcher", "engine"],
  ["agent"],
  ["runc"],
  ["runc"],
  ["runc", "test process"],
  ["tar"],
  ["tar"],
  ["tar", "engine"],
];

/** Each with an engine of its own, side by side: what one waits for leaves its time to the other. */
const trackCount = 2;

interface Track {
  readonly engine: TestEngine;
  readonly idle: Snapshot;
  readonly layers: LayerContents;
}

let registry: TestRegistry;
let images: readonly string[];
const tracks: Track[] = [];

beforeAll(async () => {
  registry = await startRegistry();
  const busybox = await busyboxLayer();
  for (const name of ["alone", "upon"]) {
    const own = [1, 2].map((number) => noiseLayer(`${name}-${number}`, 1_500_000));
    await pushLayers(registry, `work/${name}:1`, [busybox, ...own]);
  }
  images = ["alone", "upon"].map((name) => `${registry.host}/work/${name}:1`);
  for (let number = 0; number < trackCount; number++) tracks.push(await openTrack());
});

afterAll(async () => {
  for (const { engine } of tracks.reverse()) await engine[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});

/** After an undisturbed workload, which shows what an engine has that idles. */
async function openTrack(): Promise<Track> {
  const engine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_HOST: "", RUNCIBLE_IDLE_SECONDS: "600" });
  const { client } = await connect(engine.env);
  for (const image of images) await client.images.pull({ name: image.slice(0, -2), tag: "1" });
  const layers = await layerContents(engine.stateFolder);
  client.close();
  const undisturbed = startWorkload(engine.env, images);
  await undisturbed.loaded;
  undisturbed.begin();
  await delay(spanMs);
  await undisturbed.end(endMs);
  expect(undisturbed).toMatchObject({ failures: [], defects: [] });
  expect(undisturbed.rounds()).toBeGreaterThan(0);
  return { engine, layers, idle: await settledHoldings(engine.stateFolder) };
}

test(
  `whoever is killed at ${moments} random moments, the next start finds a whole store and an empty machine`,
  async () => {
    const random = seededRandom("SIGKILL at random moments");
    // Drawn before anything is looked at, so that a seed means the same each time.
    const plans = Array.from({ length: moments }, (_, moment) => {
      const victims = random.pick(choices);
      return { moment, victims, delayMs: random.below(spanMs), choice: random.below(1_000) };
    });
    const met = new Map<Victim, number>();
    let isBroken = false;
    const walk = async (track: Track, own: readonly Plan[]): Promise<void> => {
      let next = startWorkload(track.engine.env, images);
      try {
        for (const plan of own) {
          if (isBroken) return;
          const workload = next;
          await workload.loaded;
          // Loads while this one works.
          next = startWorkload(track.engine.env, images);
          await killAtRandomMoment(track, workload, plan, met).catch((cause: unknown) => {
            isBroken = true;
            workload.kill();
            throw new TypeError(
              `moment ${plan.moment} of seed ${random.seed}, SIGKILL to ${plan.victims.join(" and ")}: ${cause instanceof Error ? cause.message : cause}`,
              { cause },
            );
          });
        }
      } finally {
        next.kill();
      }
    };
    const walks = tracks.map((track, number) =>
      walk(
        track,
        plans.filter(({ moment }) => moment % trackCount === number),
      ),
    );
    // The others come to their end before anything is taken away below them.
    await Promise.allSettled(walks);
    await Promise.all(walks);
    process.stdout.write(`met: ${[...met].map(([victim, count]) => `${victim} ${count}`).join(", ")}\n`);
    expect([...met.keys()].sort()).toEqual(["agent", "engine", "launcher", "runc", "tar", "test process"]);
    for (const { engine } of tracks) {
      expect(await readFile(join(engine.stateFolder, "engine.log"), "utf8")).not.toContain("defect:");
    }
  },
  allMomentsMs,
);

interface Plan {
  readonly moment: number;
  readonly victims: readonly Victim[];
  readonly delayMs: number;
  /** Which of several. */
  readonly choice: number;
}

async function killAtRandomMoment(
  track: Track,
  workload: Workload,
  { victims, delayMs, choice }: Plan,
  met: Map<Victim, number>,
): Promise<void> {
  const { stateFolder } = track.engine;
  const before = await instanceId(track.engine);
  workload.begin();
  await delay(delayMs);
  let lastMet: Victim | undefined;
  let isSupervised = true;
  for (const victim of victims) {
    if (victim === "engine") isSupervised = await hasSupervisor(stateFolder);
    lastMet = (await meet(victim, stateFolder, workload, choice)) ? victim : undefined;
    if (lastMet !== undefined) met.set(victim, (met.get(victim) ?? 0) + 1);
  }
  await workload.end(endMs);
  // Only then is nobody left to start another engine.
  if (victims[0] === "test process" && lastMet === "engine") {
    // Control groups that nobody is left to remove wait for the next start: see docs/reliability.md.
    await expectNoMoreThan(nothingOf(stateFolder), settleMs, isSupervised ? undefined : /^cgroups: /);
  }
  await checkNextStart(track, before);
  expect(workload.defects).toEqual([]);
  const isTyped = (code: string): boolean => code === "exec-failed" || (code in errorTable && code !== "internal");
  expect(workload.failures.filter(({ code }) => !isTyped(code))).toEqual([]);
}

/** False: there was nobody of this kind, or not for long enough. */
async function meet(victim: Victim, stateFolder: string, workload: Workload, choice: number): Promise<boolean> {
  if (victim === "test process") {
    workload.kill();
    return true;
  }
  const pid = await findVictim(victim, stateFolder, (count) => choice % count);
  if (pid === undefined) return false;
  killNow(pid);
  return true;
}

/** Of the engine that runs, if one does. */
async function instanceId({ client }: TestEngine): Promise<string | undefined> {
  const info = await client.system.runcibleInfo().catch(() => undefined);
  return info?.InstanceId;
}

async function checkNextStart({ engine, idle, layers }: Track, before: string | undefined): Promise<void> {
  const { client } = await connect(engine.env);
  const isNew = (await instanceId(engine)) !== before;
  client.close();
  await expectNoMoreThan(idle, settleMs);
  const allowed = (fault: string): boolean => !isNew && fault.includes("/blobs/partial/");
  let faults: readonly string[] = [];
  const isWhole = async (): Promise<boolean> => {
    // What a living engine has of a download that broke is for the next attempt.
    faults = (await faultsOfStore(engine.stateFolder, layers)).filter((fault) => !allowed(fault));
    return faults.length === 0;
  };
  if (!(await waitUntil(isWhole, settleMs))) throw new TypeError(`the store is not whole:\n${faults.join("\n")}`);
}
