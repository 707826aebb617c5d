import { once } from "node:events";
import { constants } from "node:os";
import { exitOf, spawnTool } from "../internal/exec";
import { killIfThere } from "../internal/kill-if-there";
import { createUndoStack } from "../internal/undo";
import {
  type ContainerRun,
  networkMountsOf,
  openContainerNetwork,
  type RunRequest,
  type RuntimeParts,
  sharedNetworkOf,
} from "./container";
import { groupOfOne } from "./runc/plain-group";

export interface OwnProgramRequest extends Pick<RunRequest, "id" | "folder" | "network" | "names"> {
  /** Of this machine, not of an image. */
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Starts a program of this package in place of a container's: on the container's networks and ports, but with the
 * engine's files and rights. Rejects as `startContainer`, with nothing left behind.
 */
export async function startOwnProgram(parts: RuntimeParts, request: OwnProgramRequest): Promise<ContainerRun> {
  const undo = createUndoStack();
  try {
    const { sandbox, ports } = await openContainerNetwork(parts, request, undo);
    // Not for this program: others may share its network, and these with it.
    await networkMountsOf(request, sandbox);
    const path = request.network.kind === "shared" ? request.network.path : sandbox?.path;
    const [program = "", ...args] = path === undefined ? request.command : inside(path, request.command);
    const child = spawnTool(program, args, { stdio: ["ignore", "pipe", "pipe"], env: request.env });
    const ended = exitOf(child, program);
    const { pid, stdout, stderr } = child;
    if (pid === undefined || stdout === null || stderr === null) throw await ended.catch((error: unknown) => error);
    // What it says first is that it is ready: its ports answer when the start does.
    await Promise.race([once(stdout, "readable"), ended]);
    const exited = ended.then(({ exitCode, signal }) => ({
      exitCode: exitCode ?? 128 + (signal === null ? 0 : constants.signals[signal]),
    }));
    const release = (): Promise<void> => undo.unwind((error) => parts.logger.warn("release container", { error }));
    return {
      process: { pid, stdin: null, stdout, stderr, exited, kill: (signal) => killIfThere(pid, signal), resize },
      spec: undefined,
      group: groupOfOne(pid),
      sandbox,
      sharedNetwork: sharedNetworkOf(request),
      ports,
      exited: exited.then(async ({ exitCode }) => {
        await release();
        return { exitCode, isOutOfMemory: false };
      }),
    };
  } catch (error) {
    await undo.unwind((failure) => parts.logger.warn("undo container start", { error: failure }));
    throw error;
  }
}

function inside(namespace: string, command: readonly string[]): readonly string[] {
  return ["nsenter", `--net=${namespace}`, "--", ...command];
}

async function resize(): Promise<boolean> {
  return true;
}
