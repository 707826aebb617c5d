import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { cleanUp } from "../../internal/clean-up";
import { hasCode, messageOf } from "../../internal/errors";
import { run, runUnchecked } from "../../internal/exec";
import { randomId } from "../../internal/ids";
import { removeCgroup } from "./cgroup";
import { type LaunchRequest, launch, type TerminalSize } from "./launch";
import type { OciProcess, OciResources } from "./oci-spec";
import { specText } from "./spec-text";
import { runcMissing, runcVersion } from "./version";

/** A process that runc is the parent of. */
export interface RuncProcess {
  /** In the engine's pid namespace. */
  readonly pid: number;
  /** Null unless asked for. */
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  /** Null with a terminal, which has only one output. */
  readonly stderr: Readable | null;
  /** Settles when the process has ended; its output may still have to be read. 128 + n after signal n. */
  readonly exited: Promise<{ readonly exitCode: number }>;
  /** A process that is gone already is no error. */
  kill(signal: NodeJS.Signals | number): void;
  /** False: the process has ended. Without a terminal: does nothing. */
  resize(size: TerminalSize): Promise<boolean>;
}

export interface RunRuncRequest {
  readonly id: string;
  /** Folder with config.json. */
  readonly bundle: string;
  readonly hasStdin: boolean;
  readonly tty?: TerminalSize;
  /** As in its config.json; removed when the start fails, with whatever is in it. Absent: it has none. */
  readonly cgroupPath?: string;
  /** Its end does not end the processes that it started: they are in a pid namespace of others. */
  readonly mayLeaveOthers: boolean;
}

export interface ExecRuncRequest {
  readonly id: string;
  readonly process: OciProcess;
  readonly hasStdin: boolean;
  readonly tty?: TerminalSize;
}

/** runc in the foreground: its exit code and pipes are those of the container. */
export interface Runc {
  readonly version: string;
  /**
   * Resolves once the container's process runs. Throws `executable-not-found`, `executable-not-permitted`,
   * `start-failed`, each with runc's own text, and leaves nothing. When the process has ended runc has forgotten the
   * container; its cgroup is left to the caller, who may still ask it whether memory ran out.
   */
  run(request: RunRuncRequest): Promise<RuncProcess>;
  /** A further process in a running container. Throws as `run`. */
  exec(request: ExecRuncRequest): Promise<RuncProcess>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  update(id: string, resources: OciResources): Promise<void>;
  /** Kills a container and removes its cgroup and what runc knows of it. Idempotent. */
  deleteForce(id: string): Promise<void>;
}

/**
 * `root` and `runFolder` belong on a tmpfs: nothing in them is worth keeping. Throws `runc-missing`, `runc-too-old`.
 */
export async function openRunc(options: { readonly root: string; readonly runFolder: string }): Promise<Runc> {
  const { root, runFolder } = options;
  const [version] = await Promise.all([
    runcVersion(),
    mkdir(root, { recursive: true, mode: 0o700 }),
    mkdir(runFolder, { recursive: true, mode: 0o700 }),
  ]);
  const command = (...args: string[]): readonly string[] => ["--root", root, ...args];
  const launchIn = (request: Omit<LaunchRequest, "folder" | "root">): Promise<RuncProcess> =>
    launch({ ...request, root, folder: runFolder });
  const deleteForce = async (id: string): Promise<void> => {
    await runUnchecked("runc", command("delete", "--force", id));
  };

  return {
    version,
    run: async ({ id, bundle, hasStdin, tty, cgroupPath, mayLeaveOthers }) => {
      try {
        const started = await launchIn({
          subject: `start container ${id.slice(0, 12)}`,
          // Else runc would remove the cgroup before anyone could ask it.
          args: ["run", "--keep", "--bundle", bundle],
          target: id,
          hasStdin,
          mayLeaveOthers,
          ...(tty === undefined ? {} : { tty }),
        });
        // What cannot be removed, as when no more files may be opened, must not keep anybody from hearing of the end.
        const exited = started.exited.finally(() =>
          cleanUp(
            () => rm(join(root, id), { recursive: true, force: true }),
            () => {},
          ),
        );
        return { ...started, exited };
      } catch (error) {
        if (isTaken(error)) throw error;
        await cleanUp(
          async () => {
            await deleteForce(id);
            // A runc that was killed may have made it without yet having written down that it did.
            if (cgroupPath !== undefined) await removeCgroup(cgroupPath);
          },
          () => {},
        );
        throw error;
      }
    },
    exec: async ({ id, process, hasStdin, tty }) => {
      const file = join(runFolder, `exec-${randomId().slice(0, 16)}.json`);
      await writeFile(file, specText(withSize(process, tty)), { mode: 0o600 });
      try {
        return await launchIn({
          subject: `run a process in container ${id.slice(0, 12)}`,
          args: ["exec", "--process", file],
          target: id,
          hasStdin,
          mayLeaveOthers: true,
          ...(tty === undefined ? {} : { tty }),
        });
      } finally {
        await rm(file, { force: true });
      }
    },
    pause: async (id) => {
      await call(command("pause", id));
    },
    resume: async (id) => {
      await call(command("resume", id));
    },
    update: async (id, resources) => {
      await call(command("update", "--resources", "-", id), JSON.stringify(resources));
    },
    deleteForce,
  };
}

async function call(args: readonly string[], input?: string): Promise<void> {
  try {
    await run("runc", args, input === undefined ? {} : { input });
  } catch (error) {
    // It was there when the engine started.
    throw hasCode(error, "tool-missing") ? runcMissing("run runc", error) : error;
  }
}

/** The failure of a second start must not end the container that runs. */
function isTaken(error: unknown): boolean {
  return /container with given ID already exists/.test(messageOf(error));
}

/** The process must see its terminal's size from its first instruction on; runc's own resizing comes later. */
function withSize(process: OciProcess, tty: TerminalSize | undefined): OciProcess {
  return tty === undefined ? process : { ...process, consoleSize: { height: tty.rows, width: tty.columns } };
}
