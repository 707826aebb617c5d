import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { socketPathOf, stateFolderOf } from "../../../src/internal/state-folder";
import { busyboxImage } from "../../integration/api/busybox-image";
import { packContext } from "../../support/build/pack-context";
import type { InstalledModules } from "./installed-modules";
import { type RecordedContainer, startRecordingProxy } from "./recording-proxy";

interface Case {
  readonly of: string;
  readonly args: readonly [image: string, ...more: readonly unknown[]];
}

/** What is started, by a name of ours. */
export const cases = createRequire(import.meta.url)("./consumer/cases.cjs") as Readonly<Record<string, Case>>;
/** The image of the container that one module starts besides its own. */
export const secondImage = "mcr.microsoft.com/mssql/server:bus";

export interface Recorded {
  /** `started`, or the code of the error, by case. */
  readonly outcomes: Readonly<Record<string, string>>;
  readonly containers: readonly RecordedContainer[];
}

/** Starts a container of each case on the engine of this suite, through a proxy that keeps what is asked. */
export async function startRecorded(installed: InstalledModules, file: string): Promise<Recorded> {
  await makeStandIns();
  const uid = process.getuid?.() ?? 0;
  await using proxy = await startRecordingProxy(socketPathOf(stateFolderOf(process.env, uid), uid));
  const env = { RUNCIBLE_HOST: `unix://${proxy.socketPath}`, FILE: file, FOLDER: tmpdir() };
  const outcomes = (await installed.report("start-all.cjs", env)) as Recorded["outcomes"];
  return { outcomes, containers: proxy.containers };
}

/** Images of these names that end at once, so that no module waits; but one says what the module after it waits for. */
async function makeStandIns(): Promise<void> {
  const { engine } = await getRuntime();
  const base = await busyboxImage();
  const make = async (tags: readonly string[], command: readonly string[]): Promise<void> => {
    const dockerfile = `FROM ${base}\nCMD ${JSON.stringify(command)}\n`;
    await engine.build.image({ context: packContext({ Dockerfile: dockerfile }), tags });
  };
  await make([...new Set(Object.values(cases).map(({ args: [image] }) => image))], ["true"]);
  await make([secondImage], ["sh", "-c", "echo Recovery is complete.; exec sleep 600"]);
}
