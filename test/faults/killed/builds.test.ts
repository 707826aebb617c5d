import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import type { BuildImageRequest } from "../../../src/client/build";
import { connect } from "../../../src/client/connect";
import { runUnchecked } from "../../../src/internal/exec";
import { busyboxImage } from "../../integration/api/busybox-image";
import { packContext } from "../../support/build/pack-context";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { waitUntil } from "../../support/wait-until";
import { expectNoMoreThan, nothingOf } from "../support/machine";
import { faultsOfStore, layerContents } from "../support/store";
import { findVictim, killNow } from "./victims";

const engine = useNewEngineOfThisFile({ RUNCIBLE_IDLE_SECONDS: "600" });

const settleMs = 10_000;
/** A build may be over before it is met at what it is to be met at; then another one is. */
const maxTries = 10;

interface Moment {
  /** The step that the engine is killed in, for one try: no cache knows it. */
  line(attempt: number): string;
  files(attempt: number): Readonly<Record<string, string | Buffer>>;
  /** Resolves as soon as the build is at it. `output` is what it said so far. */
  isThere(output: string): Promise<boolean>;
}

/** Steps before, which are to be finished, and one after. */
async function requestOf(moment: Moment, attempt: number): Promise<() => BuildImageRequest> {
  const lines = [
    ...[`FROM ${await busyboxImage()}`, "RUN cat /proc/sys/kernel/random/uuid >/id", "COPY small /small"],
    ...[moment.line(attempt), "RUN cat /small >/end"],
  ];
  const Dockerfile = `${lines.join("\n")}\n`;
  return () => ({ context: packContext({ Dockerfile, small: `${attempt}`, ...moment.files(attempt) }) });
}

/** For each step, whether it came from the cache. */
function cached(output: string): readonly boolean[] {
  const steps = output.split(/^Step /m).slice(1);
  return steps.map((step) => step.includes("Using cache"));
}

async function build(
  request: BuildImageRequest,
): Promise<{ readonly id: string; readonly cached: readonly boolean[] }> {
  const { client } = await connect();
  let output = "";
  try {
    const onProgress = ({ stream = "" }: { readonly stream?: string }): void => {
      output += stream;
    };
    return { id: await client.build.image({ ...request, onProgress }), cached: cached(output) };
  } finally {
    client.close();
  }
}

/** Kills the engine when a build is at it; false when the build was over before. */
async function killAt(moment: Moment, request: BuildImageRequest): Promise<boolean> {
  const { client } = await connect();
  let output = "";
  let isOver = false;
  const building = client.build
    .image({
      ...request,
      onProgress: ({ stream = "" }) => {
        output += stream;
      },
    })
    .finally(() => {
      isOver = true;
    });
  const result = building.then(
    () => undefined,
    (error: unknown) => error,
  );
  try {
    const pid = await findVictim("engine", engine.stateFolder, () => 0);
    await waitUntil(async () => isOver || (await moment.isThere(output)), 60_000);
    if (isOver) return false;
    killNow(pid ?? -1);
    const error = await result;
    // It may have come to its end between the look and the kill.
    if (error === undefined) return false;
    expect(error).toMatchObject({ code: expect.stringMatching(/^[a-z-]+$/) });
    return true;
  } finally {
    client.close();
  }
}

async function expectToSurvive(moment: Moment): Promise<void> {
  await busyboxImage();
  const layers = await layerContents(engine.stateFolder);
  for (let attempt = 0; attempt < maxTries; attempt++) {
    const request = await requestOf(moment, attempt);
    if (!(await killAt(moment, request()))) continue;
    await expectNoMoreThan(nothingOf(engine.stateFolder), settleMs);

    const again = await build(request());

    expect(again.cached).toEqual([false, true, true, false, false]);
    expect(await build(request())).toEqual({ id: again.id, cached: [false, true, true, true, true] });
    let faults: readonly string[] = [];
    const isWhole = async (): Promise<boolean> => {
      faults = await faultsOfStore(engine.stateFolder, layers);
      return faults.length === 0;
    };
    await waitUntil(isWhole, settleMs);
    expect(faults).toEqual([]);
    return;
  }
  throw new TypeError(`in ${maxTries} builds the engine was never met at it`);
}

test("a build whose engine is killed in RUN goes on from the steps before it, and what a cache mount has is still there", async () => {
  await expectToSurvive({
    // Only the first time it waits, for what it left in its cache.
    line: (attempt) =>
      `RUN --mount=type=cache,id=gate-${attempt},target=/g test -e /g/again || (touch /g/again && echo be""gun && sleep 1000)`,
    files: () => ({}),
    isThere: async (output) => output.includes("begun"),
  });
});

test("a build whose engine is killed in COPY takes nothing of what was copied for the whole", async () => {
  const names = Array.from({ length: 3_000 }, (_, number) => `many/${number}`);
  await expectToSurvive({
    line: () => "COPY many /many",
    files: (attempt) => Object.fromEntries(names.map((name) => [name, `${name} of ${attempt}`])),
    isThere: () => isWritten("many"),
  });
});

test("a build whose engine is killed while a layer is made of what a step wrote has no such layer", async () => {
  await expectToSurvive({
    line: (attempt) => `RUN echo ${attempt} >/try && head -c 60000000 /dev/urandom >/noise`,
    files: () => ({}),
    isThere: async () => (await findPacking()) !== "",
  });
});

/** Whether a step has begun to write a folder of this name. */
async function isWritten(name: string): Promise<boolean> {
  const listed = (folder: string): Promise<readonly string[]> => readdir(folder).catch(() => []);
  const builds = `${engine.stateFolder}/builds`;
  for (const build of await listed(builds)) {
    for (const step of await listed(`${builds}/${build}`)) {
      if ((await listed(`${builds}/${build}/${step}/upper/${name}`)).length > 0) return true;
    }
  }
  return false;
}

/** The tar that reads what a step wrote. */
async function findPacking(): Promise<string> {
  const pattern = `^tar .*--directory=${engine.stateFolder}/builds/.*/upper`;
  return (await runUnchecked("pgrep", ["--full", pattern])).stdout;
}
