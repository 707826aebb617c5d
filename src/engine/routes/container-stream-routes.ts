import { isRuncibleError, messageOf, RuncibleError } from "../../internal/errors";
import { timestampOf } from "../../internal/timestamp";
import type { WaitResult } from "../../wire/container";
import { decodeDetachKeys } from "../../wire/detach-keys";
import { decodeBoolean, decodeTail, decodeTime } from "../../wire/query-values";
import { type ApiVersion, isAtLeast } from "../../wire/versions";
import { defined } from "../http/json-fields";
import { empty, json, type Reply } from "../http/reply";
import { type EngineRequest, param, type Route } from "../http/request";
import type { ContainerService, LogRecord, WaitCondition, WaitOutcome } from "./container-service";
import { terminalSize } from "./decode-terminal-size";
import { logDetails } from "./log-details";
import { sampleStats } from "./stats-stream";
import { attachedType, logsType } from "./stream-type";
import type { OutputChunk } from "./stream-types";

/** What a container writes, reads and uses while it runs. */
export function containerStreamRoutes(containers: ContainerService): readonly Route[] {
  return [
    { method: "POST", pattern: "/containers/:id/attach", handler: (request) => attach(containers, request) },
    { method: "POST", pattern: "/containers/:id/wait", handler: (request) => wait(containers, request) },
    { method: "GET", pattern: "/containers/:id/logs", handler: (request) => logs(containers, request) },
    { method: "POST", pattern: "/containers/:id/resize", handler: (request) => resize(containers, request) },
    { method: "GET", pattern: "/containers/:id/top", handler: (request) => top(containers, request) },
    { method: "GET", pattern: "/containers/:id/stats", handler: (request) => stats(containers, request) },
    { method: "GET", pattern: "/containers/:id/export", handler: (request) => exportRoot(containers, request) },
    { method: "GET", pattern: "/containers/:id/changes", handler: (request) => changes(containers, request) },
  ];
}

async function attach(containers: ContainerService, request: EngineRequest): Promise<Reply> {
  const { query, apiVersion, signal } = request;
  const wants = (name: string): boolean => decodeBoolean(query.get(name));
  // dockerode sends its options as a body too; behind it may be input.
  if (request.headers["content-length"] !== undefined) await request.json();
  const { isTty, output } = await containers.attach(param(request, "id"), {
    stdout: wants("stdout"),
    stderr: wants("stderr"),
    logs: wants("logs"),
    stream: wants("stream"),
    detachKeys: decodeDetachKeys(query.get("detachKeys")),
    ...(wants("stdin") && wants("stream") ? { input: request.input() } : {}),
    signal,
  });
  return { kind: "hijack", contentType: attachedType(apiVersion, isTty), isTty, output };
}

async function wait(containers: ContainerService, request: EngineRequest): Promise<Reply> {
  const condition = waitCondition(request.query.get("condition"));
  const { outcome } = await containers.wait(param(request, "id"), condition, request.signal);
  return { kind: "later", body: outcome.then((ended) => encodeWait(ended, request.apiVersion), encodeFailedWait) };
}

function waitCondition(text: string | null): WaitCondition {
  if (text === null || text === "" || text === "not-running") return "not-running";
  if (text === "next-exit" || text === "removed") return text;
  throw new RuncibleError("invalid-argument", `invalid condition: "${text}"`);
}

function encodeWait({ exitCode }: WaitOutcome, version: ApiVersion): WaitResult {
  return isAtLeast(version, 42) ? { StatusCode: exitCode } : { Error: null, StatusCode: exitCode };
}

/**
 * The status went out with the headers. 125 is what `docker run` ends with when it is not the container that failed.
 */
function encodeFailedWait(error: unknown): WaitResult {
  const Code = isRuncibleError(error) ? error.code : "internal";
  return { StatusCode: 125, Error: { Message: messageOf(error), Code } };
}

async function logs(containers: ContainerService, request: EngineRequest): Promise<Reply> {
  const { query, apiVersion, signal } = request;
  const stdout = decodeBoolean(query.get("stdout"));
  const stderr = decodeBoolean(query.get("stderr"));
  if (!stdout && !stderr) {
    throw new RuncibleError("invalid-argument", "Bad parameters: you must choose at least one stream");
  }
  const { isTty, records } = await containers.logs(param(request, "id"), {
    follow: decodeBoolean(query.get("follow")),
    stdout,
    stderr,
    signal,
    ...defined({
      since: decodeTime(query.get("since"), "since"),
      until: decodeTime(query.get("until"), "until"),
      tail: decodeTail(query.get("tail")),
    }),
  });
  const details = decodeBoolean(query.get("details"))
    ? logDetails(await containers.inspect(param(request, "id"), { size: false }))
    : undefined;
  const detailed = details === undefined ? records : mapped(records, (record) => withDetails(record, details));
  const output = decodeBoolean(query.get("timestamps")) ? mapped(detailed, withTimestamp) : detailed;
  return { kind: "output", contentType: logsType(apiVersion, isTty), isTty, output };
}

/** Without any details Docker still leaves the gap. */
function withDetails(record: LogRecord, details: string): LogRecord {
  return { ...record, data: Buffer.concat([Buffer.from(`${details} `), record.data]) };
}

function withTimestamp({ stream, data, time }: LogRecord): OutputChunk {
  return { stream, data: Buffer.concat([Buffer.from(`${timestampOf(time)} `), data]) };
}

async function* mapped<T, R>(
  batches: AsyncIterable<readonly T[]>,
  change: (item: T) => R,
): AsyncGenerator<readonly R[]> {
  for await (const batch of batches) yield batch.map(change);
}

async function resize(containers: ContainerService, request: EngineRequest): Promise<Reply> {
  await containers.resize(param(request, "id"), terminalSize(request));
  return empty(200);
}

async function top(containers: ContainerService, request: EngineRequest): Promise<Reply> {
  const { titles, processes } = await containers.top(param(request, "id"), request.query.get("ps_args") || "-ef");
  return json({ Titles: titles, Processes: processes });
}

async function stats(containers: ContainerService, request: EngineRequest): Promise<Reply> {
  const { query, signal } = request;
  const { id, name } = await containers.inspect(param(request, "id"), { size: false });
  const isOneShot = decodeBoolean(query.get("one-shot"));
  const samples = sampleStats({ id, name, sample: () => containers.stats(id), isOneShot, signal });
  if (decodeBoolean(query.get("stream"), true)) return { kind: "lines", items: samples.stream() };
  return json(await samples.once());
}

async function exportRoot(containers: ContainerService, request: EngineRequest): Promise<Reply> {
  const source = await containers.exportRoot(param(request, "id"), request.signal);
  return { kind: "bytes", headers: { "Content-Type": "application/octet-stream" }, source };
}

function changes(containers: ContainerService, request: EngineRequest): Reply {
  const kinds = { modified: 0, added: 1, deleted: 2 } as const;
  const found = containers.changes(param(request, "id"));
  async function* items(): AsyncGenerator<unknown> {
    for await (const { path, kind } of found) yield { Path: path, Kind: kinds[kind] };
  }
  return { kind: "list", items: items() };
}
