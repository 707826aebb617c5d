import { readdir, readFile, readlink } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "vitest";
import { processesOf } from "../../support/leaks/processes";

/** What an engine holds of the machine. */
export interface EngineHealth {
  /** Open files and connections. */
  readonly handles: number;
  readonly residentBytes: number;
}

/** Of the engine itself, not of the processes that it has started. */
export async function healthOf(stateFolder: string): Promise<EngineHealth> {
  const engine = (await processesOf(stateFolder)).find(({ key }) => /node \S*engine\/main\.js$/.test(key));
  if (engine === undefined) throw new TypeError("no engine runs");
  const folder = join("/proc", String(engine.pid));
  const [handles, status] = await Promise.all([handlesOf(folder), readFile(join(folder, "status"), "utf8")]);
  return { handles: handles.length, residentBytes: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024 };
}

/** Without the one with which Node watches files: it opens it for the first that is watched, and keeps it. */
async function handlesOf(folder: string): Promise<readonly string[]> {
  const names = await readdir(join(folder, "fd"));
  const targets = await Promise.all(names.map((name) => readlink(join(folder, "fd", name)).catch(() => "closed")));
  return targets.filter((target) => target !== "anon_inode:inotify");
}

const settleMs = 20_000;
/** What Node's heap may take and keep. */
const slackBytes = 150 * 1024 * 1024;

/** Waits until nothing of what a test did is held any more, and the engine answers. */
export async function expectSettled(stateFolder: string, before: EngineHealth): Promise<void> {
  await expect
    .poll(async () => (await healthOf(stateFolder)).handles, { timeout: settleMs })
    .toBeLessThanOrEqual(before.handles);
  expect((await healthOf(stateFolder)).residentBytes).toBeLessThan(before.residentBytes + slackBytes);
  const socketPath = join(stateFolder, "engine.sock");
  expect((await ask(socketPath, "GET", "/_ping")).body).toBe("OK");
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One request on a connection of its own. */
export function ask(
  socketPath: string,
  method: string,
  path: string,
  { body, headers = {} }: { readonly body?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path, headers, agent: false }, (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode ?? 0, body: answer }), reject);
    });
    sent.once("error", reject);
    sent.end(body);
  });
}
