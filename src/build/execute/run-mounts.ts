import { chmod, chown, mkdir, rm, writeFile } from "node:fs/promises";
import { basename, join, posix } from "node:path";
import { RuncibleError } from "../../internal/errors";
import { randomId } from "../../internal/ids";
import { removeTree } from "../../internal/remove-tree";
import { createUndoStack } from "../../internal/undo";
import type { Mount } from "../../runtime/mount";
import { wholeTree } from "../context/tree";
import { treeDigest } from "../context/tree-digest";
import type { MountFlag } from "../plan/mount-flag";
import { openAgentRelay } from "./agent-relay";
import type { Build } from "./build";
import { lockCaches, openCache } from "./cache-mount";
import { bind, bindSource, cloneTree, type OpenMount, targetOf } from "./mount-source";
import type { Stage } from "./stage-state";

export interface OpenMounts {
  readonly mounts: readonly Mount[];
  /** `K=V`: secrets that were asked for as variables. */
  readonly env: readonly string[];
  /** With such secrets: where the container's specification may be written. */
  readonly bundle?: string;
  release(): Promise<void>;
}

/**
 * What of the mounts a step's result depends on: all that is written of them, and never the content of a secret or a
 * cache.
 */
export async function mountKeys(build: Build, stage: Stage, flags: readonly MountFlag[]): Promise<readonly unknown[]> {
  const sourceDigest = async (flag: MountFlag): Promise<string> => {
    const { path } = await bindSource(build, stage, flag);
    return await treeDigest(path, { filter: wholeTree, countsOwners: true, signal: build.signal });
  };
  return await Promise.all(
    flags.map(async (flag) => {
      const written = Object.entries(flag).sort(([one], [other]) => (one < other ? -1 : 1));
      if (flag.type === "bind")
        return ["bind", targetOf(stage, flag), flag.isReadOnly ?? true, await sourceDigest(flag)];
      // What a cache begins with, not what it has come to.
      return flag.type === "cache" && flag.from !== undefined ? [...written, await sourceDigest(flag)] : written;
    }),
  );
}

/** Makes ready what a step's container mounts. Throws `invalid-argument`, `path-not-found`. */
export async function openMounts(build: Build, stage: Stage, flags: readonly MountFlag[]): Promise<OpenMounts> {
  const undo = createUndoStack();
  const release = (): Promise<void> =>
    undo.unwind((error) => build.parts.runtime.logger.warn("release build mount", { error }));
  const mounts: Mount[] = [];
  const env: string[] = [];
  try {
    await lockCaches(build, stage, flags, undo);
    for (const [place, flag] of flags.entries()) {
      const opened = await openMount(build, stage, flag, place);
      if (opened === undefined) continue;
      undo.push(opened.release);
      if (opened.mount !== undefined) mounts.push(opened.mount);
      if (opened.variable !== undefined) env.push(opened.variable);
    }
    if (env.length === 0) return { mounts, env, release };
    const bundle = join(build.parts.secretsFolder, randomId().slice(0, 16));
    await mkdir(bundle, { mode: 0o700 });
    undo.push(() => removeTree(bundle));
    return { mounts, env, bundle, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** `place`: which of the step's mounts it is. */
async function openMount(build: Build, stage: Stage, flag: MountFlag, place: number): Promise<OpenMount | undefined> {
  switch (flag.type) {
    case "bind":
      return await openBind(build, stage, flag);
    case "cache":
      return await openCache(build, stage, flag);
    case "tmpfs": {
      const size = flag.sizeBytes === undefined ? [] : [`size=${flag.sizeBytes}`];
      const options = ["nosuid", "nodev", ...size];
      return {
        mount: { type: "tmpfs", source: "tmpfs", target: targetOf(stage, flag), options },
        release: async () => {},
      };
    }
    case "secret":
      return await openSecret(build, stage, flag);
    case "ssh":
      return await openAgent(build, stage, flag, place);
  }
}

async function openBind(build: Build, stage: Stage, flag: MountFlag): Promise<OpenMount> {
  const { path } = await bindSource(build, stage, flag);
  const target = targetOf(stage, flag);
  if (flag.isReadOnly ?? true) return { mount: bind(path, target, true), release: async () => {} };
  // What a step writes into its mount is nobody's business but its own.
  const copy = build.newFolder();
  await mkdir(copy);
  const source = join(copy, "tree");
  await cloneTree(build, path, source);
  return { mount: bind(source, target, false), release: () => removeTree(copy) };
}

async function openSecret(build: Build, stage: Stage, flag: MountFlag): Promise<OpenMount | undefined> {
  const id = flag.id ?? flag.source ?? (flag.target === undefined ? "" : basename(flag.target));
  if (id === "") throw new RuncibleError("invalid-argument", "RUN --mount=type=secret: give it an id or a target");
  const value = build.request.secrets.get(id);
  const release = async (): Promise<void> => {};
  if (value === undefined) {
    // As with BuildKit, the variable is there all the same.
    if (!flag.isRequired) return flag.variable === undefined ? undefined : { variable: `${flag.variable}=`, release };
    throw new RuncibleError(
      "invalid-argument",
      `secret ${id}: not found; give it to the build, for example --secret id=${id},src=FILE`,
    );
  }
  const variable = flag.variable === undefined ? {} : { variable: `${flag.variable}=${value.toString("utf8")}` };
  if (flag.variable !== undefined && flag.target === undefined) return { ...variable, release };
  const file = join(build.parts.secretsFolder, randomId().slice(0, 16));
  await writeFile(file, value, { mode: 0o600 });
  const removeFile = (): Promise<void> => rm(file, { force: true });
  try {
    await chown(file, flag.uid ?? 0, flag.gid ?? 0);
    await chmod(file, flag.mode ?? 0o400);
  } catch (error) {
    await removeFile();
    throw error;
  }
  const target = flag.target === undefined ? posix.join("/run/secrets", basename(id)) : targetOf(stage, flag);
  return { mount: bind(file, target, true), ...variable, release: removeFile };
}

async function openAgent(build: Build, stage: Stage, flag: MountFlag, place: number): Promise<OpenMount | undefined> {
  const id = flag.id ?? "default";
  const agent = build.request.agents.get(id);
  if (agent === undefined) {
    if (!flag.isRequired) return undefined;
    throw new RuncibleError(
      "invalid-argument",
      `ssh agent ${id}: not given; give it to the build, for example --ssh ${id}`,
    );
  }
  const socket = join(build.parts.secretsFolder, randomId().slice(0, 16));
  const owner = { mode: flag.mode ?? 0o600, uid: flag.uid ?? 0, gid: flag.gid ?? 0 };
  const { close } = await openAgentRelay(agent, socket, owner);
  // Where BuildKit has it, which some scripts know.
  const target = flag.target === undefined ? `/run/buildkit/ssh_agent.${place}` : targetOf(stage, flag);
  return { mount: bind(socket, target, false), variable: `SSH_AUTH_SOCK=${target}`, release: close };
}
