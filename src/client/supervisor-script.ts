import { join } from "node:path";
import { inDelegatedCgroup } from "./delegation";
import type { IdMaps } from "./id-maps";
import { leftoversScript, thaw } from "./leftovers-script";
import { enterArguments, namespaceScript } from "./namespace-script";

/** Exit code of the launcher's command when another engine of the same state folder runs. */
export const engineLockedExitCode = 75;

/**
 * Runs outside the engine's pid namespace and outlives it, to remove what the kernel keeps when the engine is killed.
 * The kernel lock is held by every process of the engine, so it is free only when the last of them is gone and this is
 * done. Arguments: state folder, node, program, and those of `enter`.
 */
const script = `${namespaceScript}${leftoversScript}
state=$1 node=$2 program=$3
shift 3
enter "$@" unshare --pid --fork --kill-child --mount --mount-proc --propagation slave -- \\
  /bin/sh -c '"$0" "$1" & wait $!; code=$?; ${thaw("$2")}; exit $code' "$node" "$program" "$state/run-cgroups"
code=$?
remove_leftovers "$state"
exit $code
`;

/** The command that runs an engine under its lock, with everything that must happen round it. Pure. */
export function supervisorCommand(engine: {
  readonly stateFolder: string;
  readonly node: string;
  readonly program: string;
  /** Of an ordinary user. */
  readonly idMaps: IdMaps | undefined;
  /** The user's systemd is to be asked for a cgroup. */
  readonly hasScope: boolean;
}): { readonly command: string; readonly args: readonly string[] } {
  const { stateFolder, node, program, idMaps, hasScope } = engine;
  const lock = ["-n", "-E", String(engineLockedExitCode), join(stateFolder, "engine.lock")];
  const shell = ["/bin/sh", "-c", script, "runcible-supervisor", stateFolder, node, program];
  const enter = enterArguments(join(stateFolder, "enter"), idMaps);
  const args = [...lock, ...shell, ...enter];
  return hasScope ? inDelegatedCgroup("flock", args) : { command: "flock", args };
}
