import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { codeOfText } from "../../client/api-error";
import type { BuildImageRequest } from "../../client/build";
import { type BuildTranscript, createBuildTranscript } from "../../client/build-transcript";
import type { Endpoint } from "../../client/endpoint";
import { messageOf, RuncibleError } from "../../internal/errors";
import type { RegistryAuth } from "../../wire/registry-auth";
import { dockerodeOf } from "../runtime/dockerode";
import { type Auths, explainRefusal, sharedCredentials } from "./shared-credentials";

type Progress = { readonly stream?: string; readonly error?: string };

/** Knows the form in which BuildKit tells its progress; the types lack it. */
interface ProgressReader {
  followProgress(
    stream: NodeJS.ReadableStream,
    onEnd: (error: Error | null, output: readonly Progress[]) => void,
    onProgress: (line: Progress) => void,
  ): void;
}

/**
 * Builds with a daemon's BuildKit. It asks its client for credentials in a gRPC session, which dockerode has; there are
 * some only when all of `registries`, which the build's images are on, are one. Throws as `BuildClient.image`.
 */
export async function buildWithBuildkit(
  endpoint: Endpoint,
  request: BuildImageRequest,
  registries: readonly string[],
): Promise<void> {
  const auths: Auths = request.auths ?? new Map();
  const docker = dockerodeOf(endpoint);
  const transcript = createBuildTranscript();
  try {
    const answer = await docker.buildImage(request.context, optionsOf(request, sharedCredentials(auths, registries)));
    await followed(docker as Docker & ProgressReader, answer as Readable, (line) => {
      addTo(transcript, line);
      request.onProgress?.(line);
    });
  } catch (error) {
    if (hasNoSession(error)) throw withoutBuildkit(error);
    const message = messageOf(error);
    const failure = new RuncibleError(codeOfText(message), message, { cause: error });
    throw transcript.explain(explainRefusal(failure, auths, registries));
  }
}

/** What fails in BuildKit is told in the answer's stream; 404 is of the session that comes before. */
function hasNoSession(error: unknown): boolean {
  return error instanceof Error && "statusCode" in error && error.statusCode === 404;
}

function withoutBuildkit(cause: unknown): RuncibleError {
  const message = "this daemon has no BuildKit (Podman has none, and does without); leave out withBuildkit()";
  return new RuncibleError("not-implemented", message, { cause });
}

function optionsOf(request: BuildImageRequest, auth: RegistryAuth | undefined): Docker.ImageBuildOptions {
  const { dockerfile, tags, buildArgs, labels, target, platform, noCache, pull } = request;
  const options = {
    version: "2",
    dockerfile,
    t: tags?.[0],
    buildargs: buildArgs,
    labels,
    target,
    platform,
    nocache: noCache === true ? true : undefined,
    pull: pull === true ? "true" : undefined,
    ...request.parameters,
    // The session of dockerode answers with it whatever registry is asked for.
    authconfig: auth,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function followed(docker: ProgressReader, answer: Readable, onLine: (line: Progress) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure: unknown;
    const onEnd = (error: Error | null): void => {
      failure ??= error;
      if (failure === null || failure === undefined) resolve();
      else reject(failure);
    };
    docker.followProgress(answer, onEnd, (line) => {
      if (line.error !== undefined) failure = new RuncibleError(codeOfText(line.error), line.error);
      onLine(line);
    });
  });
}

/** `[digest] [2/3] RUN false` begins a step, `[digest]` and other words what is no instruction. */
function addTo(transcript: BuildTranscript, { stream = "" }: Progress): void {
  const instruction = /^\[[^\]]*\] \[[^\]]*\d\/\d+\] (.*)/.exec(stream)?.[1];
  if (instruction !== undefined) transcript.add({ stream: `Step 1/1 : ${instruction}` });
  else if (!/^(\[|CACHED:|ERROR:)/.test(stream)) transcript.add({ stream: decoded(stream) });
}

/** Some versions of dockerode hand on what a step writes in base64, as it came. */
function decoded(text: string): string {
  const words = text.trim();
  const isBase64 = words.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(words);
  return isBase64 ? Buffer.from(words, "base64").toString("utf8") : text;
}
