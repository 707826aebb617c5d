import type { IdMaps } from "./id-maps";

/** Exit code of `namespaceScript` when the user namespace could not be made or mapped. */
export const namespaceFailedExitCode = 76;

/**
 * A shell function `enter <pipe> <uid map> <gid map> <command...>`: runs the command as root of a user namespace of its
 * own, or as it is when the maps are empty (this is root).
 *
 * `unshare --map-auto` does the same, but is younger (util-linux 2.38) and takes only a user's first range. The kernel
 * lets newuidmap, which is setuid, write the map of a process that has made its namespace; until it is mapped, that
 * process waits at a pipe. The pipe is open for both directions here, so nobody blocks at it, and it breaks with this
 * shell. A single id needs no newuidmap: unshare itself may write it. Nor does root of a container, who may write
 * maps but has no right to mount.
 */
export const namespaceScript: string = `
map() {
  if [ "$(id -u)" != 0 ]; then
    kind=$2 child=$1
    shift 2
    "new\${kind}map" "$child" "$@"
    return
  fi
  file=/proc/$1/$2_map
  shift 2
  printf '%s %s %s\\n' "$@" > "$file"
}
enter() {
  pipe=$1 uids=$2 gids=$3
  shift 3
  if [ -z "$uids" ]; then "$@"; return; fi
  if [ "$(echo "$uids" | wc -w)" = 3 ] && [ "\${uids##* }" = 1 ]; then
    unshare --user --map-root-user -- true || return ${namespaceFailedExitCode}
    unshare --user --map-root-user -- "$@"
    return
  fi
  rm -f "$pipe"
  mkfifo -m 600 "$pipe" || return ${namespaceFailedExitCode}
  exec 4<>"$pipe"
  unshare --user -- /bin/sh -c \\
    'exec 5<"$0" 4>&-; read -r word <&5; [ "$word" = mapped ] && exec "$@" 5<&-; exit ${namespaceFailedExitCode}' "$pipe" "$@" &
  child=$! word=failed
  own=$(readlink /proc/self/ns/user)
  while namespace=$(readlink "/proc/$child/ns/user") && [ "$namespace" = "$own" ]; do :; done
  if [ -n "$namespace" ] && map "$child" uid $uids && map "$child" gid $gids; then word=mapped; fi
  echo $word >&4
  wait $child
  code=$?
  exec 4>&-
  rm -f "$pipe"
  [ $word = mapped ] || return ${namespaceFailedExitCode}
  return $code
}
`;

/** The last three arguments of `enter` before its command. */
export function enterArguments(pipe: string, maps: IdMaps | undefined): readonly [string, string, string] {
  return [pipe, maps?.uids ?? "", maps?.gids ?? ""];
}
