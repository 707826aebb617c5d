#!/bin/sh
# RABBITMQ_DEFAULT_USER and its like are read by the server itself.
set -eu
case ${1:-} in
  rabbitmq*) ;;
  *) exec "$@" ;;
esac
[ "$(id -u)" = 0 ] || exec "$@"
find /var/lib/rabbitmq ! -user rabbitmq -exec chown rabbitmq {} +
exec setpriv --reuid=rabbitmq --regid=rabbitmq --clear-groups "$@"
