import { appendFile, chmod, copyFile, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../../src/internal/exec";
import { copyFolder, copyProgram } from "./host-files";
import type { ImageRunConfig } from "./oci-layout";

/** How an image is made of this machine's own programs. */
export interface Recipe {
  /** Programs whose change makes a new image. */
  readonly programs: () => Promise<readonly string[]>;
  readonly config: ImageRunConfig;
  /** Fills the folder that becomes the image's root, beyond what every image has. */
  fill(root: string): Promise<void>;
}

export type TestImageName = "busybox" | "redis" | "nginx" | "postgres" | "reaper" | "socat" | "sshd";

const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** As the official image: root has the password of the environment. */
const sshdEntrypoint = `umask 077
echo "root:$(mkpasswd -m sha512 "$PASSWORD"):19000:0:99999:7:::" > /etc/shadow
exec /usr/sbin/sshd -D -e`;

export const recipes: Readonly<Record<TestImageName, Recipe>> = {
  busybox: {
    programs: async () => [],
    config: { Env: [path], Cmd: ["sh"] },
    fill: async () => {},
  },
  redis: {
    programs: async () => ["/usr/bin/redis-server", "/usr/bin/redis-cli"],
    config: {
      Env: [path],
      WorkingDir: "/data",
      Volumes: { "/data": {} },
      ExposedPorts: { "6379/tcp": {} },
      Cmd: ["redis-server", "--protected-mode", "no"],
    },
    fill: (root) => addFolders(root, ["data"]),
  },
  nginx: {
    programs: async () => ["/usr/sbin/nginx"],
    config: {
      Env: [path],
      ExposedPorts: { "80/tcp": {} },
      Cmd: ["nginx", "-g", "daemon off;"],
      StopSignal: "SIGQUIT",
    },
    fill: async (root) => {
      await addFolders(root, ["etc/nginx", "var/lib/nginx", "var/log/nginx", "usr/share/nginx/html"]);
      await writeFile(join(root, "etc/nginx/nginx.conf"), nginxConfig);
      await writeFile(join(root, "usr/share/nginx/html/index.html"), "<h1>Welcome to nginx!</h1>\n");
    },
  },
  postgres: {
    programs: async () => postgresPrograms(await postgresFolder()),
    config: {
      Env: [`${path}:/usr/lib/postgresql/bin`, "PGDATA=/var/lib/postgresql/data", "LANG=C"],
      User: "postgres",
      Volumes: { "/var/lib/postgresql/data": {} },
      ExposedPorts: { "5432/tcp": {} },
      Entrypoint: ["docker-entrypoint.sh"],
      Cmd: ["postgres"],
      StopSignal: "SIGINT",
    },
    fill: async (root) => {
      const version = await postgresFolder();
      await copyFolder(root, join(version, "lib"));
      await copyFolder(root, version.replace("/lib/", "/share/"));
      await copyFolder(root, "/usr/share/zoneinfo");
      await symlink(join(version, "bin"), join(root, "usr/lib/postgresql/bin"));
      await addFolders(root, ["var/lib/postgresql/data", "var/run/postgresql"]);
      await run("chown", ["-R", "70:70", join(root, "var/lib/postgresql"), join(root, "var/run/postgresql")]);
      const script = join(root, "bin/docker-entrypoint.sh");
      await writeFile(script, postgresEntrypoint);
      await chmod(script, 0o755);
    },
  },
  reaper: {
    programs: async () => [process.execPath],
    config: {
      Env: [path],
      ExposedPorts: { "8080/tcp": {} },
      Labels: { "org.testcontainers.ryuk": "true" },
      Entrypoint: [process.execPath, "/reaper.cjs"],
    },
    fill: (root) => copyFile(join(import.meta.dirname, "reaper.cjs"), join(root, "reaper.cjs")),
  },
  socat: {
    programs: async () => ["/usr/bin/socat"],
    config: { Env: [path] },
    fill: async () => {},
  },
  sshd: {
    programs: async () => ["/usr/sbin/sshd"],
    config: {
      Env: [path],
      ExposedPorts: { "22/tcp": {} },
      Entrypoint: ["sh", "-c", sshdEntrypoint],
    },
    fill: async (root) => {
      await addFolders(root, ["etc/ssh", "run/sshd", "var/empty"]);
      await writeFile(join(root, "etc/ssh/sshd_config"), sshdConfig);
      await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(root, "etc/ssh/ssh_host_ed25519_key")]);
      await appendFile(join(root, "etc/passwd"), "sshd:x:100:100::/run/sshd:/bin/false\n");
      await appendFile(join(root, "etc/group"), "sshd:x:100:\n");
    },
  },
};

/** What every image has: busybox under all its names, users, and a folder for temporary files. */
export async function fillBase(root: string): Promise<void> {
  await addFolders(root, ["bin", "sbin", "usr/bin", "usr/sbin", "etc", "root", "tmp", "dev", "proc", "sys"]);
  await chmod(join(root, "tmp"), 0o1777);
  await copyProgram(root, await busyboxPath());
  const { stdout } = await run(await busyboxPath(), ["--list-full"]);
  for (const applet of stdout.trim().split("\n")) {
    const link = join(root, applet);
    if (!applet.endsWith("/busybox")) await symlink(await busyboxPath(), link).catch(() => {});
  }
  await writeFile(
    join(root, "etc/passwd"),
    users.map(([name, id, home]) => `${name}:x:${id}:${id}::${home}:/bin/sh\n`).join(""),
  );
  await writeFile(join(root, "etc/group"), users.map(([name, id]) => `${name}:x:${id}:\n`).join(""));
}

const users = [
  ["root", 0, "/root"],
  ["postgres", 70, "/var/lib/postgresql"],
  ["tester", 1000, "/tmp"],
  ["nobody", 65534, "/"],
] as const;

export async function busyboxPath(): Promise<string> {
  return (await run("sh", ["-c", "command -v busybox"])).stdout.trim();
}

async function postgresFolder(): Promise<string> {
  const versions = await readdir("/usr/lib/postgresql");
  return join("/usr/lib/postgresql", versions.sort((left, right) => Number(right) - Number(left))[0] ?? "");
}

function postgresPrograms(version: string): string[] {
  return ["postgres", "initdb", "pg_ctl", "psql", "pg_isready"].map((name) => join(version, "bin", name));
}

async function addFolders(root: string, folders: readonly string[]): Promise<void> {
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
}

const nginxConfig = `user root;
worker_processes 1;
error_log /dev/stderr notice;
pid /tmp/nginx.pid;
events { worker_connections 512; }
http {
  access_log /dev/stdout;
  server {
    listen 80;
    root /usr/share/nginx/html;
  }
}
`;

/**
 * As the port forwarder of the compatible API wants it: root may log in with a password, and forwards to every address.
 */
const sshdConfig = `HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin yes
PasswordAuthentication yes
UsePAM no
AllowTcpForwarding yes
GatewayPorts yes
`;

/**
 * As the official image: a first start for the database and password, so the line "ready to accept connections" comes
 * twice.
 */
const postgresEntrypoint = `#!/bin/sh
set -eu
user=\${POSTGRES_USER:-postgres}
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  printf '%s' "\${POSTGRES_PASSWORD:?a password is needed}" > /tmp/password
  initdb --encoding=UTF8 --locale=C --username="$user" --pwfile=/tmp/password --auth-host=scram-sha-256 --auth-local=trust -D "$PGDATA"
  rm /tmp/password
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -k /tmp" -w start
  [ "\${POSTGRES_DB:-$user}" = postgres ] || psql -h /tmp -U "$user" -d postgres -c "CREATE DATABASE \\"\${POSTGRES_DB:-$user}\\""
  pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec "$@" -c "listen_addresses=*" -k /tmp
`;
