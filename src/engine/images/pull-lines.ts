import { parsePlatform } from "../../internal/platform";
import type { Image } from "../../runtime/image/manifest";
import { familiarName, type ImageReference, parseReference } from "../../runtime/image/reference";
import type { Puller, PullProgress, RegistryCredentials } from "../../runtime/pull";
import { type ProgressLine, progressBar } from "../../wire/progress";
import type { RegistryAuth } from "../../wire/registry-auth";
import type { PullRequest } from "../routes/image-service";
import { emitted } from "./emitted-lines";

/**
 * A pull as Docker tells it. The first line comes when the registry has answered; the last is the "Status: …" line by
 * which some clients judge the whole.
 */
export async function* pullLines(
  puller: Puller,
  request: PullRequest,
  onDone: (image: Image, name: string) => void,
): AsyncIterable<ProgressLine> {
  const reference = referenceOf(request);
  const { image, isNew, digest } = yield* emitted((emit) =>
    puller.pull({
      reference,
      signal: request.signal,
      onResolved: () => emit(beginLine(reference)),
      onProgress: (event) => emit(progressLine(event)),
      ...(request.platform === undefined ? {} : { platform: parsePlatform(request.platform) }),
      auths: new Map([...request.auths].map(([host, auth]) => [host, credentialsOf(auth)])),
      ...(request.auth === undefined ? {} : { auth: credentialsOf(request.auth) }),
    }),
  );
  const name = familiarName(reference);
  onDone(image, name);
  yield { status: `Digest: ${digest}` };
  yield { status: isNew ? `Status: Downloaded newer image for ${name}` : `Status: Image is up to date for ${name}` };
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
  waiting: "Waiting",
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
