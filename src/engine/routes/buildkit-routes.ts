import { Duplex, PassThrough } from "node:stream";
import { RuncibleError } from "../../internal/errors";
import { rawStreamType } from "../../wire/frames";
import type { Reply } from "../http/reply";
import type { EngineRequest, Route } from "../http/request";
import type { OutputChunk } from "./stream-types";

/** Of gRPC. */
const unimplemented = "12";

/** Says what to do instead. */
export const refusal =
  "this engine does not speak BuildKit's protocol; set DOCKER_BUILDKIT=0 (as runcible env does) and build again";

/**
 * BuildKit's protocol, gRPC on a connection that was upgraded: every call is answered with a sentence. Without an
 * answer buildx takes the daemon for one that has no builder, and has it run BuildKit in a privileged container.
 */
export function buildkitRoutes(): readonly Route[] {
  return [
    { method: "POST", pattern: "/grpc", handler: refuseCalls },
    { method: "POST", pattern: "/session", handler: holdSession },
  ];
}

/**
 * Docker's own command line of before 23.0 opens it beside its build, which is answered with the sentence: here it
 * would be noise.
 */
function holdSession(request: EngineRequest): Reply {
  if (request.headers.upgrade === undefined) throw new RuncibleError("not-implemented", refusal);
  const written = new PassThrough();
  const end = (): unknown => written.end();
  request.input().resume().once("close", end).once("error", end);
  request.signal.addEventListener("abort", end);
  return { kind: "hijack", contentType: rawStreamType, isTty: true, output: chunksOf(written) };
}

function refuseCalls(request: EngineRequest): Reply {
  if (request.headers.upgrade === undefined) throw new RuncibleError("not-implemented", refusal);
  // Five milliseconds of an engine's start, for what hardly anybody asks.
  const { constants, performServerHandshake } = require("node:http2") as typeof import("node:http2");
  const written = new PassThrough();
  const session = performServerHandshake(Duplex.from({ readable: request.input(), writable: written }));
  session.on("error", () => {});
  session.on("stream", (stream) => {
    stream.on("error", () => {});
    const status = { [constants.HTTP2_HEADER_STATUS]: 200, "content-type": "application/grpc" };
    stream.respond({ ...status, "grpc-status": unimplemented, "grpc-message": refusal }, { endStream: true });
  });
  request.signal.addEventListener("abort", () => session.destroy());
  return { kind: "hijack", contentType: rawStreamType, isTty: true, output: chunksOf(written) };
}

async function* chunksOf(written: PassThrough): AsyncGenerator<OutputChunk> {
  for await (const data of written) yield { stream: "stdout", data };
}
