#!/bin/bash
# Makes a database at the first start, lets what lies in /docker-entrypoint-initdb.d fill it, and runs the server.
# The server of the first start listens on no address: whoever reaches a port has the real one before them.
set -euo pipefail

value_of() { # NAME DEFAULT: of the variable, or of the file that NAME_FILE names
  local file=$1_FILE
  if [ -n "${!file:-}" ]; then cat "${!file}"; else printf '%s' "${!1:-$2}"; fi
}

run_init_file() {
  echo "$0: running $1"
  case $1 in
    *.sh) if [ -x "$1" ]; then "$1"; else . "$1"; fi ;;
    *.sql) query --file="$1" ;;
    *.sql.gz) gunzip --stdout "$1" | query ;;
    *.sql.xz) xz --decompress --stdout "$1" | query ;;
    *.sql.zst) zstd --decompress --stdout "$1" | query ;;
    *) echo "$0: ignoring $1" ;;
  esac
}

query() {
  psql --set=ON_ERROR_STOP=1 --no-psqlrc --quiet --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" "$@"
}

first_start() {
  POSTGRES_USER=$(value_of POSTGRES_USER postgres)
  POSTGRES_DB=$(value_of POSTGRES_DB "$POSTGRES_USER")
  POSTGRES_PASSWORD=$(value_of POSTGRES_PASSWORD '')
  export POSTGRES_USER POSTGRES_DB POSTGRES_PASSWORD
  if [ -z "$POSTGRES_PASSWORD" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
    echo "$0: POSTGRES_PASSWORD is needed, or POSTGRES_HOST_AUTH_METHOD=trust" >&2
    exit 1
  fi
  # shellcheck disable=SC2086
  initdb --no-sync --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:-none}") \
    --auth-local=trust --auth-host=scram-sha-256 ${POSTGRES_INITDB_ARGS:-}
  printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
  PGUSER=$POSTGRES_USER pg_ctl --wait --options="-c listen_addresses=''" start
  if [ "$POSTGRES_DB" != postgres ]; then
    psql --set=ON_ERROR_STOP=1 --quiet --username="$POSTGRES_USER" --dbname=postgres --set=name="$POSTGRES_DB" \
      <<<'CREATE DATABASE :"name";'
  fi
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    if [ -e "$file" ]; then run_init_file "$file"; fi
  done
  PGUSER=$POSTGRES_USER pg_ctl --wait --mode=fast stop
  echo "PostgreSQL init process complete; ready for start up."
}

if [ "${1:0:1}" = - ]; then set -- postgres "$@"; fi
[ "$1" = postgres ] || exec "$@"
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" /var/run/postgresql
  find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown postgres {} +
  chmod 700 "$PGDATA"
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$BASH_SOURCE" "$@"
fi
[ -s "$PGDATA/PG_VERSION" ] || first_start
case " $* " in
  *listen_addresses*) exec "$@" ;;
  *) exec "$1" -c "listen_addresses=*" "${@:2}" ;;
esac
