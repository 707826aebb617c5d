import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";

/** What of an environment tells of systemd. */
type Env = Readonly<Record<string, string | undefined>>;

/**
 * Whether the user's systemd may be asked for a cgroup: version 2, whose parts can be given to ordinary users, and a
 * service manager of this user. Root makes its cgroups itself.
 */
export async function canAskForCgroup(uid: number, env: Env): Promise<boolean> {
  const runtimeFolder = env["XDG_RUNTIME_DIR"];
  if (uid === 0 || !runtimeFolder) return false;
  const needed = ["/sys/fs/cgroup/cgroup.controllers", join(runtimeFolder, "systemd", "private")];
  const there = await Promise.all(
    needed.map((path) =>
      access(path, constants.F_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return there.every((isThere) => isThere);
}

/**
 * Runs its arguments in a systemd scope with a cgroup that is the user's, or as they are when there is none to be had.
 * Processes and controllers exclude each other in a cgroup: so the engine's processes go into a leaf of it, and
 * RUNCIBLE_CGROUP tells the engine where its containers' cgroups belong.
 */
const script = `
if [ -z "$RUNCIBLE_IN_SCOPE" ]; then
  if systemd-run --user --scope --quiet --collect -- true 2>/dev/null; then
    RUNCIBLE_IN_SCOPE=1 exec systemd-run --user --scope --quiet --collect --property=Delegate=yes -- \\
      /bin/sh -c "$0" "$0" "$@"
  fi
  exec "$@"
fi
unset RUNCIBLE_IN_SCOPE
group=$(sed -n 's/^0:://p' /proc/self/cgroup)
folder=/sys/fs/cgroup$group
if mkdir "$folder/engine" && echo $$ > "$folder/engine/cgroup.procs"; then
  for controller in cpu memory pids; do echo "+$controller" > "$folder/cgroup.subtree_control"; done
  export RUNCIBLE_CGROUP="$group"
fi 2>/dev/null
exec "$@"
`;

export function inDelegatedCgroup(
  command: string,
  args: readonly string[],
): { readonly command: string; readonly args: readonly string[] } {
  return { command: "/bin/sh", args: ["-c", script, script, command, ...args] };
}
