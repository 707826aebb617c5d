import { join } from "node:path";
import { RuncibleError } from "../internal/errors";
import { homeFolder } from "../internal/home-folder";
import type { LogLevel } from "../internal/log";
import { socketPathOf, stateFolderOf } from "../internal/state-folder";
import type { RegistriesPlace } from "../runtime/registry/registries-files";
import type { AuthorityPlace } from "../runtime/registry/trust";
import { type RootfsDriverName, rootfsDriverNames } from "../runtime/rootfs/rootfs";

/** What an engine process is told by its environment. */
export interface EngineConfig {
  readonly stateFolder: string;
  readonly socketPath: string;
  /** Of an ordinary user, whom systemd gave one: see client/delegation.ts. */
  readonly delegatedCgroup: string | undefined;
  /** How containers' roots are made. Undefined: the best way that works, see runtime/rootfs/choose-driver.ts. */
  readonly rootfs: RootfsDriverName | undefined;
  /** Bytes for all containers together, `off` for as many as are asked for. Undefined: what the machine has. */
  readonly memory: number | "off" | undefined;
  /** Milliseconds that a start waits for memory at most. Default: 120 000. */
  readonly memoryWaitMs: number;
  /**
   * Milliseconds without session, connection and running container until the engine leaves; 0: never. Default: 60 000.
   */
  readonly idleTimeoutMs: number;
  /** Milliseconds that a reusable container which nobody uses is kept; 0: for ever. Default: 1 800 000. */
  readonly reuseIdleMs: number;
  /**
   * Reusable containers that nobody uses: beyond so many, those go that were used longest ago; 0: any number. Default:
   * 0.
   */
  readonly reuseLimit: number;
  /** Default: `info`. */
  readonly logLevel: LogLevel;
  /** Hosts of registries that may be spoken to over plain http, or https with any certificate. */
  readonly insecureRegistries: readonly string[];
  /** Mirrors of docker.io, tried in order before it. */
  readonly registryMirrors: readonly string[];
  /** Where registries.conf is looked for, as containers-registries.conf(5) has it. */
  readonly registriesConf: readonly RegistriesPlace[];
  /** Folder with `<registry>/ca.crt`. Default: Docker's, /etc/docker/certs.d. */
  readonly certificateFolder: string;
  /** Where certificates are of authorities that sign for servers, beside Node's own list. */
  readonly authorities: readonly AuthorityPlace[];
  /** As curl and Docker read them. */
  readonly proxy: { readonly http?: string; readonly https?: string; readonly bypass?: string };
}

const logLevels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Throws `invalid-argument`. */
export function readEngineConfig(env: NodeJS.ProcessEnv = process.env): EngineConfig {
  const uid = process.getuid?.() ?? -1;
  const stateFolder = stateFolderOf(env, uid);
  const http = env["HTTP_PROXY"] ?? env["http_proxy"];
  const https = env["HTTPS_PROXY"] ?? env["https_proxy"];
  const bypass = env["NO_PROXY"] ?? env["no_proxy"];
  return {
    stateFolder,
    // Inside a user namespace the id is another one than the client's.
    socketPath: env["RUNCIBLE_SOCKET"] || socketPathOf(stateFolder, uid),
    delegatedCgroup: env["RUNCIBLE_CGROUP"] || undefined,
    rootfs: rootfsOf(env["RUNCIBLE_ROOTFS"]),
    memory: memoryOf(env["RUNCIBLE_MEMORY"]),
    memoryWaitMs: secondsOf(env["RUNCIBLE_MEMORY_WAIT_SECONDS"], "RUNCIBLE_MEMORY_WAIT_SECONDS", 120) * 1000,
    idleTimeoutMs: secondsOf(env["RUNCIBLE_IDLE_SECONDS"], "RUNCIBLE_IDLE_SECONDS", 60) * 1000,
    reuseIdleMs: secondsOf(env["RUNCIBLE_REUSE_IDLE_SECONDS"], "RUNCIBLE_REUSE_IDLE_SECONDS", 1800) * 1000,
    reuseLimit: countOf(env["RUNCIBLE_REUSE_LIMIT"], "RUNCIBLE_REUSE_LIMIT", 0),
    logLevel: logLevelOf(env["RUNCIBLE_LOG_LEVEL"]),
    insecureRegistries: listOf(env["RUNCIBLE_INSECURE_REGISTRIES"]),
    registryMirrors: listOf(env["RUNCIBLE_REGISTRY_MIRRORS"]).map(checkedMirror),
    registriesConf: registriesPlacesOf(env),
    certificateFolder: env["RUNCIBLE_CERTS_DIR"] || "/etc/docker/certs.d",
    authorities: authoritiesOf(env),
    proxy: {
      ...(http ? { http } : {}),
      ...(https ? { https } : {}),
      ...(bypass ? { bypass } : {}),
    },
  };
}

/**
 * What the machine trusts, in one file as distributions keep it, and what its user named, by Go's and Docker's
 * variables and by Node's, which client/engine-environment.ts hands on.
 */
function authoritiesOf(env: NodeJS.ProcessEnv): readonly AuthorityPlace[] {
  const named = (variable: string, paths: readonly (string | undefined)[]): readonly AuthorityPlace[] =>
    paths.flatMap((path) => (path ? [{ path, variable }] : []));
  const machines = authorityBundles.map((path) => ({ path }));
  return [
    ...(env["SSL_CERT_FILE"] ? named("SSL_CERT_FILE", [env["SSL_CERT_FILE"]]) : machines),
    ...named("SSL_CERT_DIR", (env["SSL_CERT_DIR"] ?? "").split(":")),
    ...named("NODE_EXTRA_CA_CERTS", [env["RUNCIBLE_EXTRA_CA_CERTS"] || env["NODE_EXTRA_CA_CERTS"]]),
  ];
}

/** Of Debian and Alpine, Fedora, SUSE. */
const authorityBundles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
];

/** Podman's order. Beside a user's own file the machine's folder does not count. */
function registriesPlacesOf(env: NodeJS.ProcessEnv): readonly RegistriesPlace[] {
  const home = homeFolder(env);
  const own = home === undefined ? [] : [join(home, ".config/containers/registries.conf")];
  const ownFolders = own.map((file) => `${file}.d`);
  const machines = "/etc/containers/registries.conf";
  const folders = [`${machines}.d`, ...ownFolders];
  const named = env["CONTAINERS_REGISTRIES_CONF"];
  if (named) return [{ file: named, folders, isRequired: true }];
  return [
    ...own.map((file) => ({ file, folders: ownFolders, isRequired: false })),
    { file: machines, folders, isRequired: false },
  ];
}

/**
 * A mirror's URL shows in `docker info`, in errors and in the log, so there may be no secret in it; credentials are
 * given per host, as for every registry. Docker refuses the same.
 */
function checkedMirror(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const refuse = (reason: string): RuncibleError =>
    new RuncibleError("invalid-argument", `read RUNCIBLE_REGISTRY_MIRRORS: ${reason}`);
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw refuse(
      "one of them is no http:// or https:// URL; write https://HOST[:PORT][/PATH], with commas between them",
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw refuse(`the URL of ${url.host} has a user name or password; take it out, and run: docker login ${url.host}`);
  }
  if (url.search !== "" || url.hash !== "") {
    throw refuse(`the URL of ${url.host} goes on after its path; take out everything from "?" or "#" on`);
  }
  return text;
}

function secondsOf(text: string | undefined, name: string, fallback: number): number {
  return countOf(text, name, fallback, "number of seconds");
}

function countOf(text: string | undefined, name: string, fallback: number, what = "number"): number {
  if (text === undefined || text === "") return fallback;
  if (!/^\d{1,7}$/.test(text)) throw new RuncibleError("invalid-argument", `read ${name}: "${text}" is no ${what}`);
  return Number(text);
}

function rootfsOf(text: string | undefined): RootfsDriverName | undefined {
  if (text === undefined || text === "") return undefined;
  const name = rootfsDriverNames.find((known) => known === text);
  if (name === undefined) {
    throw new RuncibleError(
      "invalid-argument",
      `read RUNCIBLE_ROOTFS: "${text}" is none of ${rootfsDriverNames.join(", ")}`,
    );
  }
  return name;
}

function memoryOf(text: string | undefined): EngineConfig["memory"] {
  if (text === undefined || text === "") return undefined;
  if (text === "off") return text;
  const [, digits, unit = ""] = /^([1-9]\d{0,14})([kmg]?)b?$/i.exec(text) ?? [];
  if (digits === undefined) {
    throw new RuncibleError(
      "invalid-argument",
      `read RUNCIBLE_MEMORY: "${text}" is neither "off" nor a size such as 2g`,
    );
  }
  return Number(digits) * 1024 ** ["", "k", "m", "g"].indexOf(unit.toLowerCase());
}

function logLevelOf(text: string | undefined): LogLevel {
  if (text === undefined || text === "") return "info";
  const level = logLevels.find((known) => known === text);
  if (level === undefined) {
    throw new RuncibleError(
      "invalid-argument",
      `read RUNCIBLE_LOG_LEVEL: "${text}" is none of ${logLevels.join(", ")}`,
    );
  }
  return level;
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? "").split(",").flatMap((item) => (item.trim() === "" ? [] : [item.trim()]));
}
