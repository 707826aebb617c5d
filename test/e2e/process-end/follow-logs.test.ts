import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useEngineOfThisFile } from "../../support/engine-of-file";

useEngineOfThisFile();

const fixture = join(__dirname, "../../fixtures/follow-logs.cjs");

/** Rejects when the process is still there after a minute. */
async function outputOf(way: string): Promise<string> {
  const words = [fixture, await busyboxImage(), way];
  return (await promisify(execFile)(process.execPath, words, { timeout: 60_000 })).stdout;
}

test.each(["iterates", "collects", "pipeline", "finished"])(
  "a process that waits for a log's end (%s) gets all of it",
  async (way) => {
    expect(await outputOf(way)).toBe("ready\nlast\n");
  },
);

test.each(["none", "listener", "pipe", "unread", "stopped", "cancelled", "consumer"])(
  "a process with nothing left to do ends, whatever follows a log (%s)",
  async (way) => {
    expect(await outputOf(way)).toMatch(/^(ready\n)?$/);
  },
);
