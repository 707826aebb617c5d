import { shortId } from "../../internal/ids";
import type { ImageStore } from "../../runtime/image/image-store";
import { importArchive } from "../../runtime/image/import-archive";
import type { LayerSink } from "../../runtime/image/layer-sink";
import type { Image } from "../../runtime/image/manifest";
import { familiarName, parseReference } from "../../runtime/image/reference";
import type { LayerStore } from "../../runtime/layer/layer-store";
import { type ProgressLine, progressBar } from "../../wire/progress";
import type { LoadRequest } from "../routes/image-service";
import { emitted } from "./emitted-lines";

export interface LoadHome {
  readonly store: ImageStore;
  readonly layers: LayerStore;
  /** Called after a load that failed, also when nobody listens any more. Never rejects. */
  readonly clearUp: () => Promise<void>;
}

/** A load as Docker tells it; clients find names and ids in these very words. */
export async function* loadLines(
  { store, layers, clearUp }: LoadHome,
  { archive, isQuiet, signal }: LoadRequest,
  onDone: (image: Image) => void,
): AsyncIterable<ProgressLine> {
  const owners = new Map((await store.list()).flatMap(({ id, tags }) => tags.map((tag) => [tag, id] as const)));
  const images = yield* emitted((emit) =>
    importArchive(store, archive, isQuiet ? layers : telling(layers, emit), signal).catch(async (error: unknown) => {
      await clearUp();
      throw error;
    }),
  );
  for (const { id, tags } of images) {
    for (const tag of tags) {
      const before = owners.get(tag);
      if (before !== undefined && before !== id) yield { stream: renamedLine(tag, before) };
    }
  }
  for (const image of images) {
    for (const tag of image.tags) yield { stream: `Loaded image: ${familiarName(parseReference(tag))}\n` };
    if (image.tags.length === 0) yield { stream: `Loaded image ID: ${image.id}\n` };
    onDone(image);
  }
}

function renamedLine(tag: string, before: string): string {
  const name = familiarName(parseReference(tag));
  return `The image ${name} already exists, renaming the old one with ID ${before} to empty string\n`;
}

/** Each layer that is new is told when it begins and when it is there. */
function telling(layers: LayerStore, emit: (line: ProgressLine) => void): LayerSink {
  return {
    has: (diffId) => layers.has(diffId),
    unpack: async (request) => {
      const id = shortId(request.diffId);
      let total = 0;
      await layers.unpack({
        ...request,
        onProgress: (bytes) => {
          total = bytes;
        },
      });
      const progressDetail = { current: total, total };
      emit({ status: "Loading layer", progressDetail, progress: progressBar(total, total), id });
    },
  };
}
