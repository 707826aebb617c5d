import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { RuncProcess } from "../runc/runc";
import type { HubChunk } from "./hub";

export interface OutputSink {
  /** May hold the process back by taking its time. Must not reject. */
  deliver(chunk: HubChunk): Promise<void>;
  /** The process has ended: what is still to come fits into a pipe, so nobody needs to be waited for any more. */
  hurry(): void;
}

/** As Docker: a process that was left in the background may keep the pipes for longer than anybody wants to wait. */
const lingerMs = 2_000;

/**
 * Hands on what a process writes. Resolves when both streams have ended, at the latest two seconds after the process
 * has; pipes that others still hold are then closed. Never rejects.
 */
export async function pumpOutput(process: RuncProcess, sink: OutputSink): Promise<void> {
  const finished = new AbortController();
  const drained = Promise.all([pump("stdout", process.stdout, sink), pump("stderr", process.stderr, sink)]);
  const lingered = process.exited
    .catch(() => {})
    .then(() => {
      sink.hurry();
      return delay(lingerMs, undefined, { signal: finished.signal }).catch(() => {});
    });
  await Promise.race([drained, lingered]);
  finished.abort();
  for (const stream of [process.stdout, process.stderr]) stream?.destroy();
}

async function pump(stream: HubChunk["stream"], source: Readable | null, sink: OutputSink): Promise<void> {
  if (source === null) return;
  try {
    for await (const data of source) await sink.deliver({ stream, data });
  } catch {
    // Closed by us, see above; a pipe has no other errors.
  }
}
