/**
 * A process that version 1 of cgroups holds frozen, because its container is paused, does not even die of SIGKILL, and
 * its namespace with it. The engine itself thaws what it ends; this is for when it was killed. See also client/thaw.ts.
 */
export function thaw(list: string): string {
  return `${groupsOf(list)} | while IFS= read -r group; do find "$group" -name freezer.state; done 2>/dev/null | while IFS= read -r file; do echo THAWED >"$file"; done`;
}

/** Of a list that somebody damaged, nothing else is to be touched. */
function groupsOf(list: string): string {
  return `grep -E "/runcible-[0-9a-f]{8}$" "${list}" 2>/dev/null`;
}

/**
 * A shell function `remove_leftovers <state folder>`, for when no process of its engine is left: removes the three
 * things that the kernel keeps of one that was killed: rules in the host's firewall, see
 * runtime/network/uplink/host-firewall.ts, control groups, and a profile of AppArmor, see runtime/runc/apparmor.ts. An
 * ordinary user's engine has neither rules nor a profile.
 */
export const leftoversScript: string = `
remove_leftovers() {
  ${thaw("$1/run-cgroups")}
  if [ "$(id -u)" = 0 ]; then
    engine=$(cat "$1/engine-id" 2>/dev/null)
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
  ${groupsOf("$1/run-cgroups")} | while IFS= read -r group; do
    tries=0
    while [ -d "$group" ] && [ $tries -lt 40 ]; do
      find "$group" -depth -type d -delete 2>/dev/null
      [ -d "$group" ] && sleep 0.05
      tries=$((tries + 1))
    done
  done
  rm -f "$1/run-cgroups"
}
`;
