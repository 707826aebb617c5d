import { once } from "node:events";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { describeEndpoint } from "../../client/endpoint";
import { RuncibleError } from "../../internal/errors";
import { exitOf, spawnTool } from "../../internal/exec";
import { processEnvironment } from "../config";
import { composeLog } from "../log";
import type { Runtime } from "../runtime/runtime";
import type { ComposeClientOptions } from "./client-options";
import type { RunningProject } from "./running-project";

/** What `docker compose` or `docker-compose` is told of a project. */
export interface ProgramProject {
  readonly runtime: Pick<Runtime, "engine" | "isOwnEngine">;
  /** In which the program runs. */
  readonly folder: string;
  readonly files: readonly string[];
  /** In COMPOSE_PROJECT_NAME, which options and environment of the user may say anew. */
  readonly name: string;
  /** Over that of this process. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Before the verb. */
  readonly composeOptions: readonly string[];
  readonly executable: NonNullable<ComposeClientOptions["executable"]>;
  readonly logger: ComposeClientOptions["logger"];
}

/**
 * A compose program that the user has named, on the daemon in use. Each verb throws `command-failed`, `tool-missing`.
 */
export interface ComposeProgram extends RunningProject {
  /** Resolves when the containers were started, or have ended again if the options are for waiting for that. */
  up(services: readonly string[], commandOptions: readonly string[]): Promise<void>;
  pull(services: readonly string[], commandOptions: readonly string[]): Promise<void>;
}

/** With these `up` stays with the containers, or does not start them; `--detach` excludes them. */
const attached = [
  ...["--abort-on-container-exit", "--abort-on-container-failure", "--attach", "--attach-dependencies"],
  ...["--exit-code-from", "--no-start"],
];

export function composeProgram(project: ProgramProject): ComposeProgram {
  const call = (verb: string, ...args: readonly string[]): Promise<void> => runVerb(project, verb, args);
  return {
    up: (services, options) => {
      const isAttached = options.some((option) => attached.includes(option.split("=")[0] ?? ""));
      return call("up", ...options, ...(isAttached || isDetached(options) ? [] : ["-d"]), ...services);
    },
    pull: (services, options) => call("pull", ...options, ...services),
    stop: () => call("stop"),
    down: ({ timeout, removeVolumes }) => {
      const seconds = Math.trunc(timeout / 1000);
      return call("down", ...(removeVolumes ? ["-v"] : []), ...(seconds === 0 ? [] : ["-t", `${seconds}`]));
    },
  };
}

function isDetached(options: readonly string[]): boolean {
  return options.includes("-d") || options.includes("--detach");
}

async function runVerb(project: ProgramProject, verb: string, args: readonly string[]): Promise<void> {
  const { executable, folder, files, composeOptions, logger, name } = project;
  const [program, before] = executable.standalone
    ? [executable.executablePath ?? "docker-compose", []]
    : [executable.executablePath ?? "docker", [...(executable.options ?? []).flat(), "compose"]];
  const words = [...before, ...composeOptions, ...files.flatMap((file) => ["-f", file]), verb, ...args];
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) {
    throw new RuncibleError("compose-file-missing", `run ${program}: there is no folder ${folder}`);
  }
  const child = spawnTool(program, words, {
    cwd: folder,
    env: programEnvironment(project),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const show = (line: string): void => {
    composeLog.trace(`${name}: ${line}`);
    logger?.info(line);
  };
  const [{ exitCode, signal }, , stderr] = await Promise.all([
    exitOf(child, program),
    linesOf(child.stdout, show),
    linesOf(child.stderr, show),
  ]);
  if (exitCode === 0) return;
  const reason = stderr.join("\n").trim();
  logger?.error(reason);
  const end = exitCode === null ? `it was ended by ${signal}` : `exit code ${exitCode}`;
  throw new RuncibleError("command-failed", `run ${[program, ...words].join(" ")}: ${end}: ${reason}`, {
    evidence: { command: [program, ...words], exitCode, signal, stderr: reason },
  });
}

/** The last lines, each of which was shown as it came. */
async function linesOf(stream: Readable | null, show: (line: string) => void): Promise<readonly string[]> {
  if (stream === null) return [];
  const last: string[] = [];
  const lines = createInterface({ input: stream });
  lines.on("line", (line) => {
    show(line);
    last.push(line);
    if (last.length > shownLines) last.shift();
  });
  await once(lines, "close");
  return last;
}

const shownLines = 200;

/** As in the original, what the user says comes last. */
function programEnvironment({ runtime, name, environment }: ProgramProject): NodeJS.ProcessEnv {
  const { endpoint } = runtime.engine;
  const folder = endpoint.kind === "tcp" ? endpoint.tls?.folder : undefined;
  return {
    ...processEnvironment(),
    COMPOSE_PROJECT_NAME: name,
    DOCKER_HOST: describeEndpoint(endpoint),
    DOCKER_TLS_VERIFY: folder === undefined ? undefined : "1",
    DOCKER_CERT_PATH: folder,
    // Our engine speaks the classic build protocol.
    ...(runtime.isOwnEngine ? { DOCKER_BUILDKIT: "0" } : {}),
    ...environment,
  };
}
