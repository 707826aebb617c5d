import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../../src/internal/log";
import { type ImageStore, openImageStore } from "../../../src/runtime/image/image-store";
import { parseReference } from "../../../src/runtime/image/reference";
import { type LayerStore, openLayerStore } from "../../../src/runtime/layer/layer-store";
import { createPuller, type Puller, type PullRequest, type PullResult } from "../../../src/runtime/pull";
import type { RegistrySettings } from "../../../src/runtime/registry/settings";

export interface TestPuller extends AsyncDisposable {
  readonly puller: Puller;
  readonly images: ImageStore;
  readonly layers: LayerStore;
  readonly folder: string;
  pull(name: string, request?: Partial<PullRequest>): Promise<PullResult>;
  /** A file of an image, from its topmost layer. */
  fileOf(result: PullResult, name: string): Promise<Buffer>;
  /** Names of what was begun and not finished. */
  leftovers(): Promise<readonly string[]>;
}

/** A puller with empty stores, in `folder` or one of its own, whose retries take no time. */
export async function openTestPuller(settings: Partial<RegistrySettings> = {}, folder?: string): Promise<TestPuller> {
  const state = folder ?? (await mkdtemp(join(tmpdir(), "runcible-puller-")));
  const images = await openImageStore(join(state, "images"));
  const layers = await openLayerStore(join(state, "layers"));
  const registries = { retryDelayMs: 1, retries: 3, idleTimeoutMs: 20_000, ...settings };
  const puller = createPuller({ images, layers, registries, logger: silentLogger });
  return {
    ...{ puller, images, layers, folder: state },
    pull: (name, request = {}) =>
      puller.pull({ reference: parseReference(name), signal: new AbortController().signal, ...request }),
    fileOf: async ({ image }, name) => {
      const top = image.config.rootfs.diff_ids.at(-1);
      if (top === undefined) throw new TypeError("the image has no layer");
      return await readFile(join(layers.pathOf(top), name));
    },
    leftovers: async () => [
      ...(await readdir(join(state, "images", "blobs", "partial"))),
      ...(await readdir(join(state, "layers"))).filter((name) => name.startsWith("unfinished-")),
    ],
    async [Symbol.asyncDispose]() {
      if (folder === undefined) await rm(state, { recursive: true, force: true });
    },
  };
}
