#!/bin/sh
# Options alone, or a configuration file, go to the server. The server runs as its own user and listens for everyone.
set -eu
case ${1:-} in
  -* | *.conf) set -- redis-server "$@" ;;
esac
case $1 in
  redis-server | valkey-server) ;;
  *) exec "$@" ;;
esac
server=$1
shift
# Options come after the configuration file, if there is one.
case ${1:-} in
  *.conf)
    file=$1
    shift
    set -- "$file" --protected-mode no "$@"
    ;;
  *) set -- --protected-mode no "$@" ;;
esac
[ "$(id -u)" = 0 ] || exec "$server" "$@"
find . ! -user redis -exec chown redis {} +
exec setpriv --reuid=redis --regid=redis --clear-groups "$server" "$@"
