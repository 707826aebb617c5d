import { parsePlatform } from "../../internal/platform";
import type { Image } from "../../runtime/image/manifest";
import { familiarName, type ImageReference, parseReference } from "../../runtime/image/reference";
import type { DescribeRequest, Puller, PullProgress, RegistryCredentials } from "../../runtime/pull";
import { type ProgressLine, progressBar } from "../../wire/progress";
import type { RegistryAuth } from "../../wire/registry-auth";
import type { PullRequest } from "../routes/image-service";
import { emitted } from "./emitted-lines";

/**
 * A pull as Docker tells it. The first line comes when the registry has answered; the last is the "Status: …" line by
 * which some clients judge the whole.
 */
export async function* pullLines(puller: Puller, request: PullRequest, onDone: OnPulled): AsyncIterable<ProgressLine> {
  const reference = referenceOf(request);
  const isNew = yield* pullOne(puller, request, reference, onDone);
  yield statusLine(reference, isNew);
}

/** All tags that the registry has of a repository, one after the other. */
export async function* pullAllLines(
  puller: Puller,
  request: PullRequest,
  onDone: OnPulled,
): AsyncIterable<ProgressLine> {
  const { domain, path } = parseReference(request.image);
  const repository: ImageReference = { domain, path };
  const tags = await puller.tags({ reference: repository, signal: request.signal, ...loginsOf(request) });
  let isNew = false;
  for (const tag of tags) {
    // As everything of a registry, a tag may be anything.
    const reference = parseReference(`${domain}/${path}:${tag}`);
    isNew = (yield* pullOne(puller, request, reference, onDone)) || isNew;
  }
  yield statusLine(repository, isNew);
}

type OnPulled = (image: Image, name: string) => void;

/** Whether it was new. */
async function* pullOne(
  puller: Puller,
  request: PullRequest,
  reference: ImageReference,
  onDone: OnPulled,
): AsyncGenerator<ProgressLine, boolean, void> {
  const { image, isNew, digest } = yield* emitted((emit) => {
    let isTold = true;
    return puller.pull({
      reference,
      signal: request.signal,
      onResolved: (found) => {
        emit(beginLine(reference));
        // Of an image that is there Docker says nothing of its layers.
        isTold = found.isNew;
      },
      onProgress: (event) => {
        if (isTold) emit(progressLine(event));
      },
      ...(request.platform === undefined ? {} : { platform: parsePlatform(request.platform) }),
      ...loginsOf(request),
    });
  });
  onDone(image, familiarName(reference));
  yield { status: `Digest: ${digest}` };
  return isNew;
}

function statusLine(reference: ImageReference, isNew: boolean): ProgressLine {
  const name = familiarName(reference);
  return { status: isNew ? `Status: Downloaded newer image for ${name}` : `Status: Image is up to date for ${name}` };
}

function loginsOf({ auth, auths }: PullRequest): Pick<DescribeRequest, "auth" | "auths"> {
  return {
    auths: new Map([...auths].map(([host, one]) => [host, credentialsOf(one)])),
    ...(auth === undefined ? {} : { auth: credentialsOf(auth) }),
  };
}

/** `tag` may be a digest; it wins over what the name says. */
function referenceOf({ image, tag }: PullRequest): ImageReference {
  if (tag === "") return parseReference(image);
  return parseReference(tag.includes(":") ? `${image}@${tag}` : `${image}:${tag}`);
}

export function credentialsOf(auth: RegistryAuth): RegistryCredentials {
  const { username, password, identityToken, registryToken } = auth;
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(identityToken === undefined ? {} : { identityToken }),
    ...(registryToken === undefined ? {} : { registryToken }),
  };
}

function beginLine({ path, tag, digest }: ImageReference): ProgressLine {
  return { status: `Pulling from ${path}`, id: digest ?? tag ?? "latest" };
}

const phases: Readonly<Record<PullProgress["phase"], string>> = {
  waiting: "Pulling fs layer",
  downloading: "Downloading",
  verifying: "Verifying Checksum",
  downloaded: "Download complete",
  extracting: "Extracting",
  done: "Pull complete",
  exists: "Already exists",
};

function progressLine({ layer, phase, current, total }: PullProgress): ProgressLine {
  const status = phases[phase];
  if (current === undefined || total === undefined) return { status, progressDetail: {}, id: layer };
  return { status, progressDetail: { current, total }, progress: progressBar(current, total), id: layer };
}
