import { resolve } from "node:path";
import type { EngineFolders } from "./engine-folder";

/** Meant for the process that loads this package, and harmful or useless to an engine that outlives it. */
const ownProcessOnly = [
  "NODE_OPTIONS",
  "NODE_V8_COVERAGE",
  "NODE_CHANNEL_FD",
  "NODE_EXTRA_CA_CERTS",
  "RUNCIBLE_CGROUP",
  // What makes terminals runs its command by it: that of a CI's user may be `nologin`, a person's another language.
  "SHELL",
  "SSH_AUTH_SOCK",
];

/**
 * What a test process has from its user or its CI. An engine needs none of it, as credentials come with each request,
 * and would keep it for hours, in its own environment and in that of all programs that it runs.
 */
const secret = /PASS|PWD|SECRET|TOKEN|CREDENTIAL|AUTH|KEY$|_PAT$|JWT|COOKIE|_DSN$/i;
/** `postgres://user:password@host`; of its own variables and of proxies an engine needs all. */
const urlWithPassword = /^\w+:\/\/[^/\s:@]*:[^/\s@]+@/;
const needed = /^(RUNCIBLE_|(https?|all)_proxy$)/i;

/**
 * What an engine is told. Its socket's path too: inside its user namespace it has another user id than outside, and
 * could not work it out. Pure.
 */
export function engineEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  { stateFolder, socketPath }: EngineFolders,
): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name, value = ""]) => {
    if (ownProcessOnly.includes(name) || secret.test(name)) return false;
    return needed.test(name) || !urlWithPassword.test(value);
  });
  return {
    ...Object.fromEntries(kept),
    PATH: systemPath(env["PATH"]),
    ...authorities(env),
    RUNCIBLE_STATE_DIR: stateFolder,
    RUNCIBLE_SOCKET: socketPath,
  };
}

/**
 * As paths that hold wherever the engine works. Under Node's own name, every process that starts would first read all
 * of them, which takes a tenth of a second each time: runtime/registry/trust.ts does so when a registry speaks TLS.
 */
function authorities({
  NODE_EXTRA_CA_CERTS: extra,
  SSL_CERT_FILE: file,
  SSL_CERT_DIR: folders,
}: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  const resolved = folders?.split(":").map((folder) => (folder === "" ? "" : resolve(folder)));
  return {
    ...(extra ? { RUNCIBLE_EXTRA_CA_CERTS: resolve(extra) } : {}),
    ...(file ? { SSL_CERT_FILE: resolve(file) } : {}),
    ...(resolved ? { SSL_CERT_DIR: resolved.join(":") } : {}),
  };
}

/**
 * A search path, with each `sbin` beside a `bin` in it: Debian keeps runc, ip and nft there, and users' paths lack it.
 * Pure.
 */
export function systemPath(path: string | undefined): string {
  const folders = (path || "/usr/local/bin:/usr/bin:/bin").split(":");
  const beside = folders.flatMap((folder) => (/\/bin$/.test(folder) ? [folder.replace(/bin$/, "sbin")] : []));
  return [...new Set([...folders, ...beside])].join(":");
}
