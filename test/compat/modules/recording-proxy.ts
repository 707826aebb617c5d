import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extract } from "tar-stream";
import type { ContainerCreateBody } from "../../../src/wire/container-create";

/** What a daemon was asked for one container, in front of which this stood. */
export interface RecordedContainer {
  readonly id: string;
  readonly body: ContainerCreateBody;
  /** Copied in before or after the start: path to mode and content. */
  readonly files: Map<string, { readonly mode: string; readonly content: string }>;
  /** Names in networks that it was connected to. */
  readonly aliases: string[];
}

export interface RecordingProxy extends AsyncDisposable {
  readonly socketPath: string;
  readonly containers: readonly RecordedContainer[];
}

/** A socket that hands everything on to that of a daemon, and keeps what was asked. */
export async function startRecordingProxy(daemonSocketPath: string): Promise<RecordingProxy> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-proxy-"));
  const socketPath = join(folder, "proxy.sock");
  const containers: RecordedContainer[] = [];
  const server = createServer((question, answer) => {
    forward(daemonSocketPath, question, answer, (body, answered) => record(containers, question, body, answered));
  });
  // Attached streams: everything after the head is the daemon's matter.
  server.on("upgrade", (question: IncomingMessage, socket, head: Buffer) => {
    const daemon = connect(daemonSocketPath);
    daemon.write(`${question.method} ${question.url} HTTP/1.1\r\n`);
    for (let index = 0; index < question.rawHeaders.length; index += 2) {
      daemon.write(`${question.rawHeaders[index]}: ${question.rawHeaders[index + 1]}\r\n`);
    }
    daemon.write("\r\n");
    daemon.write(head);
    for (const [from, to] of [
      [socket, daemon],
      [daemon, socket],
    ] as const) {
      from.on("error", () => to.destroy());
      from.pipe(to);
    }
  });
  server.listen(socketPath);
  await once(server, "listening");
  return {
    socketPath,
    containers,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

type Recorder = (body: Buffer, answered: Buffer) => void;

function forward(socketPath: string, question: IncomingMessage, answer: ServerResponse, recorder: Recorder): void {
  const asked: Buffer[] = [];
  const answered: Buffer[] = [];
  const options = {
    socketPath,
    method: question.method ?? "GET",
    path: question.url ?? "/",
    headers: question.headers,
  };
  const onward = request(options, (response) => {
    answer.writeHead(response.statusCode ?? 500, response.headers);
    response.on("data", (chunk: Buffer) => answered.push(chunk));
    response.on("end", () => recorder(Buffer.concat(asked), Buffer.concat(answered)));
    response.pipe(answer);
  });
  onward.on("error", () => answer.destroy());
  answer.on("close", () => onward.destroy());
  question.on("data", (chunk: Buffer) => asked.push(chunk));
  question.pipe(onward);
}

function record(containers: RecordedContainer[], question: IncomingMessage, body: Buffer, answered: Buffer): void {
  const url = new URL(question.url ?? "/", "http://daemon");
  const path = url.pathname.replace(/^\/v\d+\.\d+/, "");
  if (path === "/containers/create") {
    const { Id } = JSON.parse(answered.toString()) as { readonly Id?: string };
    if (Id === undefined) throw new TypeError(`the daemon made no container: ${answered}`);
    const parsed = JSON.parse(body.toString()) as ContainerCreateBody;
    containers.push({ id: Id, body: parsed, files: new Map(), aliases: [] });
  }
  const byId = (id: string | undefined) => containers.find((container) => container.id === id);
  const copied = question.method === "PUT" ? byId(/^\/containers\/(\w+)\/archive$/.exec(path)?.[1]) : undefined;
  if (copied !== undefined) readFiles(body, url.searchParams.get("path") ?? "/", copied.files);
  if (/^\/networks\/[^/]+\/connect$/.test(path)) {
    const { Container, EndpointConfig } = JSON.parse(body.toString()) as {
      readonly Container: string;
      readonly EndpointConfig?: { readonly Aliases?: readonly string[] };
    };
    byId(Container)?.aliases.push(...(EndpointConfig?.Aliases ?? []));
  }
}

function readFiles(archive: Buffer, target: string, files: RecordedContainer["files"]): void {
  const reader = extract();
  reader.on("entry", ({ name, mode = 0, type }, stream, next) => {
    let content = "";
    stream.on("data", (chunk) => {
      content += String(chunk);
    });
    stream.on("end", () => {
      if (type === "file") files.set(join(target, name), { mode: mode.toString(8), content });
      next();
    });
  });
  reader.end(archive);
}
