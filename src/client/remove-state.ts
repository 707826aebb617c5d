import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, RuncibleError } from "../internal/errors";
import { runUnchecked } from "../internal/exec";
import { engineLockArgs } from "./engine-end";
import { ownIdMaps } from "./id-maps";
import { leftoversScript } from "./leftovers-script";
import { enterArguments, namespaceFailedExitCode, namespaceScript } from "./namespace-script";
import { engineLockedExitCode } from "./supervisor-script";
import { namespaceError } from "./user-namespace-trouble";

/**
 * What an engine left in the kernel that was killed together with its supervisor goes first, as the list of it is in
 * the folder. Layers and containers may lie on a volume instead: see runtime/rootfs/choose-driver.ts. A folder that is
 * one itself stays, empty. Arguments: folder, then those of `enter`.
 */
const script = `${namespaceScript}${leftoversScript}
folder=$1
shift
remove_leftovers "$folder"
enter "$@" /bin/sh -c 'storage=$(cat "$0/storage-folder" 2>/dev/null)
  [ -z "$storage" ] || [ "$storage" = "$0" ] || rm -rf -- "$storage"
  if mountpoint -q -- "$0"; then find "$0" -mindepth 1 -delete; else rm -rf -- "$0"; fi' "$folder"
`;

const removalLimitMs = 600_000;

/**
 * Removes a state folder with everything in it, and what the kernel keeps of its engine. An ordinary user's folder
 * holds files of the user's further ids, which only the root of a user namespace may remove. Idempotent. Throws
 * `container-state` while an engine runs in it.
 */
export async function removeStateFolder(stateFolder: string): Promise<void> {
  if (!(await exists(stateFolder))) return;
  const maps = await ownIdMaps();
  const pipe = join(stateFolder, "enter");
  const shell = ["/bin/sh", "-c", script, "runcible-remove", stateFolder, ...enterArguments(pipe, maps)];
  const { exitCode, stderr } = await runUnchecked("flock", [...engineLockArgs(stateFolder), ...shell], {
    timeoutMs: removalLimitMs,
  });
  if (exitCode === 0) return;
  if (exitCode === engineLockedExitCode) {
    throw new RuncibleError("container-state", `remove ${stateFolder}: an engine runs in it; stop it first`);
  }
  if (exitCode === namespaceFailedExitCode) throw (await namespaceError()) ?? removalFailed(stateFolder, stderr);
  throw removalFailed(stateFolder, stderr);
}

function removalFailed(stateFolder: string, stderr: string): RuncibleError {
  return new RuncibleError("permission-denied", `remove ${stateFolder}: ${stderr.trim().split("\n").at(-1)}`);
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}
