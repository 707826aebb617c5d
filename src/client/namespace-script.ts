import type { IdMaps } from "./id-maps";

/** Exit code of `namespaceScript` when the user namespace could not be made or mapped. */
export const namespaceFailedExitCode = 76;

/**
 * A shell function `enter <pipe> <uid map> <gid map> <command...>`: runs the command as root of a user namespace of its
 * own, or as it is when the maps are empty (this is root).
 *
 * `unshare --map-auto` does the same, but is younger (util-linux 2.38) and takes only a user's first range. The kernel
 * lets newuidmap, which is setuid, write the map of a process that has made its namespace; so the process tells its id
 * through a pipe, and waits there until it is mapped. A single id needs no newuidmap: unshare itself may write it.
 */
export const namespaceScript: string = `
enter() {
  pipe=$1 uids=$2 gids=$3
  shift 3
  if [ -z "$uids" ]; then "$@"; return; fi
  if [ "$(echo "$uids" | wc -w)" = 3 ]; then
    unshare --user --map-root-user -- true || return ${namespaceFailedExitCode}
    unshare --user --map-root-user -- "$@"
    return
  fi
  rm -f "$pipe"
  mkfifo -m 600 "$pipe" || return ${namespaceFailedExitCode}
  {
    unshare --user -- /bin/sh -c 'echo $$ > "$0"; read -r word < "$0"; [ "$word" = mapped ] && exec "$@"; exit ${namespaceFailedExitCode}' \\
      "$pipe" "$@"
    code=$?
    # Whoever waits for the process id must not wait for ever.
    [ -p "$pipe" ] && echo failed > "$pipe"
    exit $code
  } &
  child=$!
  read -r pid < "$pipe"
  if [ "$pid" != failed ]; then
    if newuidmap "$pid" $uids && newgidmap "$pid" $gids; then word=mapped; else word=failed; fi
    echo $word > "$pipe"
  fi
  rm -f "$pipe"
  wait $child
}
`;

/** The last three arguments of `enter` before its command. */
export function enterArguments(pipe: string, maps: IdMaps | undefined): readonly [string, string, string] {
  return [pipe, maps?.uids ?? "", maps?.gids ?? ""];
}
