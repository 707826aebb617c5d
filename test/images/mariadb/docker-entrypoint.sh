#!/bin/bash
# Makes a database at the first start, lets what lies in /docker-entrypoint-initdb.d fill it, and runs the server.
# The server of the first start has no network: whoever reaches a port has the real one before them.
set -euo pipefail
folder=/var/lib/mysql
socket=/run/mysqld/mysqld.sock

value_of() { # NAME DEFAULT: of MARIADB_NAME or MYSQL_NAME, or of the file that …_FILE names
  local name file
  for name in "MARIADB_$1" "MYSQL_$1"; do
    file=${name}_FILE
    if [ -n "${!file:-}" ]; then
      cat "${!file}"
      return
    elif [ -n "${!name:-}" ]; then
      printf '%s' "${!name}"
      return
    fi
  done
  printf '%s' "$2"
}

quoted() { # TEXT as SQL has it
  local text=${1//\\/\\\\}
  printf "'%s'" "${text//\'/\\\'}"
}

query() {
  mariadb --no-defaults --batch --socket="$socket" --user=root "$@"
}

run_init_file() {
  echo "$0: running $1"
  case $1 in
    *.sh) if [ -x "$1" ]; then "$1"; else . "$1"; fi ;;
    *.sql) query "${database[@]}" <"$1" ;;
    *.sql.gz) gunzip --stdout "$1" | query "${database[@]}" ;;
    *.sql.xz) xz --decompress --stdout "$1" | query "${database[@]}" ;;
    *.sql.zst) zstd --decompress --stdout "$1" | query "${database[@]}" ;;
    *) echo "$0: ignoring $1" ;;
  esac
}

# The user who runs this may log in as root over the socket, so the passwords come last.
accounts() {
  if [ -n "$name" ]; then echo "CREATE DATABASE IF NOT EXISTS \`$name\`;"; fi
  if [ -n "$user" ] && [ "$user" != root ]; then
    echo "CREATE USER $(quoted "$user")@'%' IDENTIFIED BY $(quoted "$password");"
    if [ -n "$name" ]; then echo "GRANT ALL ON \`${name//_/\\_}\`.* TO $(quoted "$user")@'%';"; fi
  fi
}

root_account() {
  local host
  host=$(value_of ROOT_HOST %)
  # mariadb-install-db made some without a password, for addresses of this container.
  query --skip-column-names --execute="SELECT CONCAT('DROP USER ', QUOTE(User), '@', QUOTE(Host), ';') FROM mysql.global_priv
    WHERE User = '' OR (User = 'root' AND Host NOT IN ('localhost', $(quoted "$host")))"
  echo "CREATE USER IF NOT EXISTS 'root'@$(quoted "$host") IDENTIFIED BY $(quoted "$root_password");"
  echo "GRANT ALL ON *.* TO 'root'@$(quoted "$host") WITH GRANT OPTION;"
  echo "ALTER USER 'root'@'localhost' IDENTIFIED BY $(quoted "$root_password");"
}

first_start() {
  name=$(value_of DATABASE '')
  user=$(value_of USER '')
  password=$(value_of PASSWORD '')
  root_password=$(value_of ROOT_PASSWORD '')
  if [ -n "$(value_of RANDOM_ROOT_PASSWORD '')" ]; then
    root_password=$(head --bytes=18 /dev/urandom | base64)
    echo "GENERATED ROOT PASSWORD: $root_password"
  elif [ -z "$root_password" ] && [ -z "$(value_of ALLOW_EMPTY_ROOT_PASSWORD '')" ]; then
    echo "$0: MARIADB_ROOT_PASSWORD is needed, or MARIADB_ALLOW_EMPTY_ROOT_PASSWORD, or MARIADB_RANDOM_ROOT_PASSWORD" >&2
    exit 1
  fi
  database=()
  if [ -n "$name" ]; then database=("$name"); fi
  mariadb-install-db --skip-test-db --auth-root-authentication-method=normal --datadir="$folder" --rpm >/dev/null
  mariadbd --skip-networking --socket="$socket" &
  local server=$! count file
  for ((count = 0; count < 300; count++)); do
    if query --execute="SELECT 1" >/dev/null 2>&1; then break; fi
    kill -0 "$server" || exit 1
    sleep 0.1
  done
  accounts | query
  for file in /docker-entrypoint-initdb.d/*; do
    if [ -e "$file" ]; then run_init_file "$file"; fi
  done
  root_account | query
  kill "$server"
  wait "$server"
  echo "MariaDB init process done. Ready for start up."
}

if [ "${1:0:1}" = - ]; then set -- mariadbd "$@"; fi
case $1 in
  mariadbd | mysqld) ;;
  *) exec "$@" ;;
esac
if [ "$(id -u)" = 0 ]; then
  find "$folder" /run/mysqld ! -user mysql -exec chown mysql {} +
  exec setpriv --reuid=mysql --regid=mysql --clear-groups "$BASH_SOURCE" "$@"
fi
[ -d "$folder/mysql" ] || first_start
exec "$@"
