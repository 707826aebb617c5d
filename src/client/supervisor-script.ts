import { join } from "node:path";
import { inDelegatedCgroup } from "./delegation";
import type { IdMaps } from "./id-maps";
import { enterArguments, namespaceScript } from "./namespace-script";

/** Exit code of the launcher's command when another engine of the same state folder runs. */
export const engineLockedExitCode = 75;

/**
 * A process that version 1 of cgroups holds frozen, because its container is paused, does not even die of SIGKILL, and
 * its namespace with it. The engine itself thaws what it ends; this is for when it was killed. See also client/thaw.ts.
 */
function thaw(list: string): string {
  return `${groupsOf(list)} | while IFS= read -r group; do find "$group" -name freezer.state; done 2>/dev/null | while IFS= read -r file; do echo THAWED >"$file"; done`;
}

/** Of a list that somebody damaged, nothing else is to be touched. */
function groupsOf(list: string): string {
  return `grep -E "/runcible-[0-9a-f]{8}$" "${list}" 2>/dev/null`;
}

/**
 * Runs outside the engine's pid namespace and outlives it, to remove the three things that the kernel keeps when the
 * engine is killed: rules in the host's firewall, see runtime/network/uplink/host-firewall.ts, control groups, and a profile
 * of AppArmor, see runtime/runc/apparmor.ts. The kernel lock is held by every process of the engine, so it is free only when the last of them is gone and this is done.
 * An ordinary user's engine has neither rules nor a profile. Arguments: state folder, node, program, and those of `enter`.
 */
const script = `${namespaceScript}
state=$1 node=$2 program=$3
shift 3
enter "$@" unshare --pid --fork --kill-child --mount --mount-proc --propagation slave -- \\
  /bin/sh -c '"$0" "$1" & wait $!; code=$?; ${thaw("$2")}; exit $code' "$node" "$program" "$state/run-cgroups"
code=$?
${thaw("$state/run-cgroups")}
if [ "$(id -u)" = 0 ]; then
  engine=$(cat "$state/engine-id" 2>/dev/null)
  link=rc$engine
  for chain in DOCKER-USER FORWARD; do
    for way in -i -o; do
      while iptables --wait -D $chain $way "$link" -m comment --comment runcible -j ACCEPT; do :; done
    done
  done >/dev/null 2>&1
  profiles=/sys/kernel/security/apparmor
  if [ -n "$engine" ] && grep -q "^runcible-$engine " $profiles/profiles 2>/dev/null; then
    printf %s "runcible-$engine" >$profiles/.remove
  fi
fi
${groupsOf("$state/run-cgroups")} | while IFS= read -r group; do
  tries=0
  while [ -d "$group" ] && [ $tries -lt 40 ]; do
    find "$group" -depth -type d -delete 2>/dev/null
    [ -d "$group" ] && sleep 0.05
    tries=$((tries + 1))
  done
done
rm -f "$state/run-cgroups"
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
