import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { EngineClient } from "../../../src/client/client";
import { outputText } from "../../../src/client/output";
import type { ComposeEvent } from "../../../src/compose/execute/compose-event";
import { downProject } from "../../../src/compose/execute/down";
import { upServices } from "../../../src/compose/execute/up";
import { loadProject } from "../../../src/compose/load/load-project";
import type { DownOptions } from "../../../src/compose/plan/plan-down";
import type { UpOptions } from "../../../src/compose/plan/plan-up";

/** A folder with compose files, and the verbs on it. */
export interface ComposeProject extends AsyncDisposable {
  readonly name: string;
  readonly folder: string;
  readonly events: readonly ComposeEvent[];
  up(options?: UpOptions & { readonly profiles?: readonly string[]; readonly signal?: AbortSignal }): Promise<void>;
  down(options?: DownOptions): Promise<void>;
  /** Replaces files. */
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** What a shell command in a container prints. */
  exec(container: string, command: string): Promise<string>;
}

let count = 0;

/** Disposing it takes everything away. */
export async function composeProject(
  client: EngineClient,
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<ComposeProject> {
  count += 1;
  const name = `t${process.pid}x${count}`;
  const folder = await mkdtemp(join(tmpdir(), "runcible-compose-"));
  const events: ComposeEvent[] = [];
  const onEvent = (event: ComposeEvent): void => void events.push(event);
  const load = (profiles: readonly string[] = [], services: readonly string[] = []) =>
    loadProject({ workingFolder: folder, projectName: name, profiles, services, env });
  const write: ComposeProject["write"] = async (contents) => {
    for (const [path, text] of Object.entries(contents)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
  };
  await write(files);
  return {
    name,
    folder,
    events,
    write,
    up: async ({ profiles, signal, ...options } = {}) => {
      const project = await load(profiles, options.services);
      await upServices({ client, env, onEvent, ...(signal === undefined ? {} : { signal }) }, project, options);
    },
    down: async (options = {}) => downProject({ client, onEvent }, name, undefined, options),
    exec: (container, command) => outputOf(client, `${name}-${container}`, command),
    [Symbol.asyncDispose]: async () => {
      await downProject({ client }, name, undefined, { volumes: true, stopTimeoutSeconds: 0 });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function outputOf(client: EngineClient, container: string, command: string): Promise<string> {
  const { Id } = await client.exec.create(container, {
    AttachStdout: true,
    AttachStderr: true,
    Cmd: ["sh", "-c", command],
  });
  let text = "";
  for await (const chunk of outputText(await client.exec.start(Id))) text += chunk;
  return text.trim();
}
