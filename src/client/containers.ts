import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { hasCode, RuncibleError } from "../internal/errors";
import type { ContainerInspect, ContainerSummary, WaitResult } from "../wire/container";
import type { ContainerCreateBody, ContainerCreated } from "../wire/container-create";
import { encodeFilters, type Filters } from "../wire/filters";
import type { PortsAnswering, WaitPortsBody } from "../wire/session";
import { codeOfText, knownCode } from "./api-error";
import { typedBody } from "./broken-answer";
import { outputText } from "./output";
import type { CallOptions, Transport } from "./transport";

export interface ContainersClient {
  create(
    body: ContainerCreateBody,
    options?: { readonly name?: string | undefined; readonly platform?: string | undefined },
  ): Promise<ContainerCreated>;
  start(id: string): Promise<void>;
  /** Resolves also when it does not run. `timeoutSeconds` absent: the container's own; 0: kill at once. */
  stop(id: string, options?: { readonly timeoutSeconds?: number }): Promise<void>;
  restart(id: string, options?: { readonly timeoutSeconds?: number }): Promise<void>;
  kill(id: string, signal?: string): Promise<void>;
  pause(id: string): Promise<void>;
  unpause(id: string): Promise<void>;
  /** `volumes`: the anonymous ones too. */
  remove(id: string, options?: { readonly force?: boolean; readonly volumes?: boolean }): Promise<void>;
  inspect(id: string): Promise<ContainerInspect>;
  list(options?: {
    readonly all?: boolean;
    readonly filters?: Filters;
    readonly limit?: number;
  }): Promise<readonly ContainerSummary[]>;
  /**
   * Resolves with the exit code once it does not run; at once when it never started. Throws also what the daemon tells
   * when the status is sent already, and `engine-unreachable` when it ends before the container does.
   */
  wait(id: string, signal?: AbortSignal): Promise<WaitResult>;
  /** Both streams as text; with `follow` until the run ends. */
  logs(id: string, options?: LogOptions): Promise<Readable>;
  attach(id: string, options: { readonly stdin: boolean; readonly logs?: boolean }): Promise<Socket>;
  /** A tar of the path, named by its last part. */
  getArchive(id: string, path: string): Promise<Readable>;
  /** Unpacks a tar into an existing folder. */
  putArchive(id: string, path: string, tar: Readable, options?: ArchiveOptions): Promise<void>;
  commit(id: string, options: CommitOptions): Promise<{ readonly Id: string }>;
  /** Own engine only: takes it out of its session, so that it stays when that ends. */
  keep(id: string): Promise<void>;
  /** Own engine only: resolves when the container listens on every port. Throws `container-exited`, `wait-timeout`. */
  waitForPorts(id: string, body: WaitPortsBody, signal?: AbortSignal): Promise<PortsAnswering>;
}

export interface LogOptions {
  readonly follow?: boolean;
  /**
   * Of a follow: whether the process stays alive while somebody waits for its end, see `outputText`. Default: false.
   */
  readonly readerKeepsProcessAlive?: boolean;
  /** Seconds since 1970, with fraction. */
  readonly since?: number | undefined;
  /** Last lines. Default: all. */
  readonly tail?: number | undefined;
  readonly signal?: AbortSignal;
}

export interface ArchiveOptions {
  readonly noOverwriteDirNonDir?: boolean | undefined;
  readonly copyUIDGID?: boolean | undefined;
}

export interface CommitOptions {
  readonly repo: string;
  readonly tag: string;
  readonly comment?: string | undefined;
  readonly author?: string | undefined;
  readonly pause?: boolean | undefined;
  /** Dockerfile instructions, one per element. */
  readonly changes?: readonly string[];
}

export function createContainersClient(transport: Transport): ContainersClient {
  const at = (id: string, action = ""): string => `/containers/${encodeURIComponent(id)}${action}`;
  const post = (id: string, action: string, options?: CallOptions): Promise<void> =>
    transport.send("POST", at(id, action), options);

  return {
    create: (body, { name, platform } = {}) =>
      transport.call("POST", "/containers/create", { query: { name, platform }, body }),
    start: (id) => post(id, "/start"),
    stop: async (id, { timeoutSeconds } = {}) => {
      try {
        await post(id, "/stop", { query: { t: timeoutSeconds } });
      } catch (error) {
        if (!hasCode(error, "not-modified")) throw error;
      }
    },
    restart: (id, { timeoutSeconds } = {}) => post(id, "/restart", { query: { t: timeoutSeconds } }),
    kill: (id, signal) => post(id, "/kill", { query: { signal } }),
    pause: (id) => post(id, "/pause"),
    unpause: (id) => post(id, "/unpause"),
    remove: (id, { force = false, volumes = false } = {}) =>
      transport.send("DELETE", at(id), { query: { force, v: volumes } }),
    inspect: (id) => transport.call("GET", at(id, "/json")),
    list: ({ all = false, filters, limit } = {}) =>
      transport.call("GET", "/containers/json", {
        query: { all, limit, filters: filters === undefined ? undefined : encodeFilters(filters) },
      }),
    wait: async (id, signal) =>
      checkedWait(id, await transport.call("POST", at(id, "/wait"), signal === undefined ? {} : { signal })),
    logs: async (id, { follow = false, readerKeepsProcessAlive = false, since, tail, signal } = {}) => {
      const answer = await transport.open("GET", at(id, "/logs"), {
        query: { follow, stdout: true, stderr: true, since: since ?? 0, tail: tail ?? "all" },
        keepsProcessAlive: !follow,
        ...(signal === undefined ? {} : { signal }),
      });
      return outputText(answer, follow && readerKeepsProcessAlive ? answer.socket : undefined);
    },
    attach: (id, { stdin, logs = false }) =>
      transport.hijack("POST", at(id, "/attach"), { query: { stream: true, stdin, stdout: true, stderr: true, logs } }),
    getArchive: async (id, path) => typedBody(await transport.open("GET", at(id, "/archive"), { query: { path } })),
    putArchive: (id, path, tar, options = {}) =>
      transport.send("PUT", at(id, "/archive"), { query: { path, ...options }, bodyStream: tar }),
    commit: (id, { changes = [], ...query }) =>
      // Podman reads a body, whether there is something to say or not.
      transport.call("POST", "/commit", { query: { container: id, ...query, changes: changes.join("\n") }, body: {} }),
    keep: (id) => transport.send("POST", `/runcible${at(id, "/keep")}`),
    waitForPorts: (id, body, signal) =>
      transport.call("POST", `/runcible${at(id, "/wait-ports")}`, {
        body,
        ...(signal === undefined ? {} : { signal }),
      }),
  };
}

/** The answer is undefined when its headers were all that came. */
function checkedWait(id: string, answer: WaitResult | undefined): WaitResult {
  const subject = `wait for container ${id.slice(0, 12)}`;
  if (answer === undefined) {
    throw new RuncibleError("engine-unreachable", `${subject}: the daemon ended before the container did`);
  }
  const { Message, Code } = answer.Error ?? {};
  if (!Message) return answer;
  throw new RuncibleError(knownCode(Code) ?? codeOfText(Message), `${subject}: ${Message}`);
}
