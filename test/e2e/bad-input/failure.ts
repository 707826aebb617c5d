import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, expect } from "vitest";
import { connect } from "../../../src/client/connect";
import type { GenericContainer, RuncibleError } from "../../../src/index";
import type { EngineOfFile } from "../../support/engine-of-file";
import { emptySnapshot, expectNothingLeft, type Snapshot, takeSteadySnapshot } from "../../support/leaks";

/** What issue 2 promises. */
export const limitMs = 1_000;
const folderNames = [
  "containers",
  "volumes",
  "networks",
  "layers",
  "images/blobs/sha256",
  "images/blobs/partial",
  "images/scratch",
];

/** The error of a start that must fail. */
export async function failureOf(container: GenericContainer): Promise<RuncibleError> {
  return container.start().then(
    async (started) => {
      await started.stop();
      return expect.fail("it started");
    },
    (error: RuncibleError) => error,
  );
}

/**
 * After each test of the file nothing is there that was not before the first: neither by the engine's word nor as a
 * process, mount, network, link, cgroup or file. `warmUp` brings what stays, such as images.
 */
export function expectNothingMade(engine: EngineOfFile, warmUp: () => Promise<unknown> = async () => {}): void {
  let before: Snapshot | undefined;
  beforeAll(async () => {
    const { client } = await connect();
    client.close();
    await warmUp();
    before = await takeIdleSnapshot(engine.stateFolder);
  });
  afterEach(async () => {
    const { containers, volumes } = engine.client;
    expect(await containers.list({ all: true })).toEqual([]);
    expect(await volumes.list()).toEqual([]);
    if (before !== undefined) await expectNothingLeft(before, limitMs);
  });
}

/** As `failureOf`, where no engine comes up: also nothing of one is left. */
export async function failureWithoutEngine(stateFolder: string, container: GenericContainer): Promise<RuncibleError> {
  const error = await failureOf(container);
  await expectNothingLeft(emptySnapshot(stateFolder), limitMs);
  return error;
}

async function takeIdleSnapshot(stateFolder: string): Promise<Snapshot> {
  const folders = folderNames.map((name) => join(stateFolder, name));
  for (const folder of folders) await mkdir(folder, { recursive: true });
  return await takeSteadySnapshot({ stateFolder, folders });
}
