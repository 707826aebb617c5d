import { RuncibleError } from "../../internal/errors";
import type { ImageStore } from "../../runtime/image/image-store";
import type { Image } from "../../runtime/image/manifest";
import { familiarName, type ImageReference, parseReference, repositoryOf } from "../../runtime/image/reference";
import type { Pusher, PushProgress } from "../../runtime/push";
import { type ProgressLine, progressBar } from "../../wire/progress";
import type { PushRequest } from "../routes/image-service";
import { emitted } from "./emitted-lines";
import { credentialsOf } from "./pull-lines";

/** A push as Docker tells it: its first line promises nothing, so that every failure is an error in a line. */
export async function* pushLines(
  { store, pusher }: { readonly store: ImageStore; readonly pusher: Pusher },
  request: PushRequest,
  onDone: (image: Image, name: string) => void,
): AsyncIterable<ProgressLine> {
  const { signal, auth } = request;
  const wanted = referenceOf(request);
  yield { status: `The push refers to repository [${repositoryOf(wanted)}]` };
  for (const { image, reference } of await found(store, wanted)) {
    const result = yield* emitted((emit) =>
      pusher.push({
        ...{ image, reference, signal },
        onProgress: (event) => emit(progressLine(event)),
        ...(auth === undefined ? {} : { auth: credentialsOf(auth) }),
      }),
    );
    const { tag = "latest" } = reference;
    yield { status: `${tag}: digest: ${result.digest} size: ${result.size}` };
    yield { progressDetail: {}, aux: { Tag: tag, Digest: result.digest, Size: result.size } };
    onDone(image, familiarName(reference));
  }
}

/** Without a tag anywhere: all tags of the repository. */
type WantedPush = Pick<ImageReference, "domain" | "path" | "tag">;

function referenceOf({ name, tag }: PushRequest): WantedPush {
  const reference = parseReference(tag === "" ? name : `${name}:${tag}`);
  if (reference.digest !== undefined) {
    throw new RuncibleError("invalid-argument", "cannot push a digest reference");
  }
  const { domain, path } = reference;
  const hasTag = tag !== "" || /:[^/]*$/.test(name);
  return hasTag && reference.tag !== undefined ? { domain, path, tag: reference.tag } : { domain, path };
}

async function found(
  store: ImageStore,
  wanted: WantedPush,
): Promise<readonly { readonly image: Image; readonly reference: ImageReference }[]> {
  const named = (await store.list()).flatMap((image) =>
    image.tags.map((tag) => ({ image, reference: parseReference(tag) })),
  );
  const ofRepository = named.filter(({ reference }) => repositoryOf(reference) === repositoryOf(wanted));
  const { tag } = wanted;
  const matching = ofRepository.filter(({ reference }) => tag === undefined || reference.tag === tag);
  if (matching.length > 0) return matching;
  const { domain, path } = wanted;
  throw new RuncibleError(
    "image-not-found",
    ofRepository.length === 0
      ? `An image does not exist locally with the tag: ${familiarName({ domain, path })}`
      : `tag does not exist: ${familiarName(wanted)}`,
  );
}

function progressLine({ layer, phase, from, current, total }: PushProgress): ProgressLine {
  switch (phase) {
    case "preparing":
      return { status: "Preparing", progressDetail: {}, id: layer };
    case "waiting":
      return { status: "Waiting", progressDetail: {}, id: layer };
    case "exists":
      return { status: "Layer already exists", progressDetail: {}, id: layer };
    case "mounted":
      return { status: `Mounted from ${from ?? ""}`, progressDetail: {}, id: layer };
    case "pushed":
      return { status: "Pushed", progressDetail: {}, id: layer };
    case "pushing":
      return pushingLine(layer, current ?? 0, total ?? 0);
  }
}

function pushingLine(id: string, current: number, total: number): ProgressLine {
  return { status: "Pushing", progressDetail: { current, total }, progress: progressBar(current, total), id };
}
