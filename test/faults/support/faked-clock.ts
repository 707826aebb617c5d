import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A clock for one engine; the machine's, which others use too, stays as it is. */
export interface FakedClock extends AsyncDisposable {
  /** For the engine's environment. */
  readonly settings: Readonly<Record<string, string>>;
  /** As libfaketime has it: `+3600` is an hour on, `+0 x100` goes a hundred times as fast. */
  set(text: string): Promise<void>;
}

export async function fakeClock(): Promise<FakedClock> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-clock-"));
  const clock = join(folder, "clock");
  const set = (text: string): Promise<void> => writeFile(clock, `${text}\n`);
  await set("+0");
  return {
    settings: { LD_PRELOAD: libraryPath(), FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_NO_CACHE: "1" },
    set,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

function libraryPath(): string {
  const inFolder = (name: string): string => join("/usr/lib", name, "faketime/libfaketimeMT.so.1");
  const path = readdirSync("/usr/lib").map(inFolder).find(existsSync);
  if (path === undefined) throw new TypeError("libfaketime is not installed; .ci/setup test installs it");
  return path;
}
