import type { Readable } from "node:stream";
import { RuncibleError } from "../../internal/errors";
import { shortId } from "../../internal/ids";
import type { Digest } from "../../runtime/image/digest";
import { buildHostImage } from "../../runtime/image/host-image";
import type { ImageStore } from "../../runtime/image/image-store";
import { importArchive } from "../../runtime/image/import-archive";
import type { Image } from "../../runtime/image/manifest";
import { canonicalName, familiarName, parseReference } from "../../runtime/image/reference";
import type { LayerStore } from "../../runtime/layer/layer-store";
import type { Puller } from "../../runtime/pull";
import { noSuchImage } from "../../wire/docker-errors";
import type { Filters } from "../../wire/filters";
import type { ProgressLine } from "../../wire/progress";
import type { RegistryAuth } from "../../wire/registry-auth";
import type { EventSink } from "../routes/event-service";
import type {
  HistoryEntry,
  HostImageRequest,
  ImageRemoval,
  ImageService,
  ImageView,
  PullRequest,
} from "../routes/image-service";
import { selectImages } from "./image-filters";
import { historyOf, imageViewOf } from "./image-view";
import { credentialsOf, pullLines } from "./pull-lines";

export interface ImageCatalogOptions {
  readonly store: ImageStore;
  readonly layers: LayerStore;
  readonly puller: Puller;
  readonly events: EventSink;
  /** Layers that containers stand on, whether their image still has a name or not. */
  readonly layersOfContainers: () => ReadonlySet<Digest>;
  /** Containers made from an image. */
  readonly usersOf: (imageId: string) => readonly { readonly id: string; readonly isRunning: boolean }[];
}

/** `ImageService` on the image store. */
export class ImageCatalog implements ImageService {
  readonly #options: ImageCatalogOptions;

  constructor(options: ImageCatalogOptions) {
    this.#options = options;
  }

  async list({ filters }: { readonly all: boolean; readonly filters: Filters }): Promise<readonly ImageView[]> {
    const views = await Promise.all((await this.#options.store.list()).map((image) => this.#view(image)));
    return selectImages(views, filters);
  }

  async inspect(name: string): Promise<ImageView> {
    return await this.#view(await this.#find(name));
  }

  async history(name: string): Promise<readonly HistoryEntry[]> {
    return await historyOf(await this.#find(name), this.#options.layers);
  }

  pull(request: PullRequest): AsyncIterable<ProgressLine> {
    return pullLines(this.#options.puller, request, (image, name) => {
      this.#publish("pull", name, image.id);
    });
  }

  async *load(archive: Readable, signal: AbortSignal): AsyncIterable<ProgressLine> {
    const { store, layers } = this.#options;
    for (const image of await importArchive(store, archive, layers, signal)) {
      const names = image.tags.map((tag) => familiarName(parseReference(tag)));
      for (const name of names) yield { stream: `Loaded image: ${name}\n` };
      if (names.length === 0) yield { stream: `Loaded image ID: ${image.id}\n` };
      this.#publish("load", image.id, image.id);
    }
  }

  async tag(name: string, repository: string, tag: string): Promise<void> {
    const image = await this.#find(name);
    const reference = parseReference(tag === "" ? repository : `${repository}:${tag}`);
    if (reference.digest !== undefined) {
      throw new RuncibleError("invalid-argument", "refusing to create a tag with a digest reference");
    }
    await this.#options.store.tag(image.id, canonicalName(reference));
    this.#publish("tag", familiarName(reference), image.id);
  }

  async remove(name: string, { force }: { readonly force: boolean }): Promise<readonly ImageRemoval[]> {
    const image = await this.#find(name);
    const isById = image.id.startsWith(name.startsWith("sha256:") ? name : `sha256:${name}`);
    if (isById && image.tags.length > 1 && !force) {
      throw new RuncibleError(
        "image-in-use",
        `conflict: unable to delete ${shortId(image.id)} (must be forced) - image is referenced in multiple repositories`,
      );
    }
    const [wanted] = isById ? [] : [canonicalName(parseReference(name))];
    const untagged = wanted === undefined || !image.tags.includes(wanted) ? image.tags : [wanted];
    const isLast = untagged.length === image.tags.length;
    if (isLast) this.#checkUnused(image, name, force);
    for (const tag of untagged) await this.#options.store.untag(tag);
    const removals: ImageRemoval[] = untagged.map((tag) => ({ untagged: familiarName(parseReference(tag)) }));
    for (const { untagged: tag } of removals as { untagged: string }[]) this.#publish("untag", tag, image.id);
    if (!isLast) return removals;
    await this.#options.store.remove(image.id);
    await this.collectGarbage();
    this.#publish("delete", image.id, image.id);
    return [...removals, { deleted: image.id }];
  }

  async prune(
    filters: Filters,
  ): Promise<{ readonly removals: readonly ImageRemoval[]; readonly reclaimedBytes: number }> {
    const onlyDangling = !["false", "0"].includes(filters.get("dangling")?.[0] ?? "true");
    const rest: Filters = new Map([...filters].filter(([key]) => key !== "dangling"));
    const views = await this.list({ all: true, filters: rest });
    const doomed = views.filter(({ id, tags }) => {
      return this.#options.usersOf(id).length === 0 && !(onlyDangling && tags.length > 0);
    });
    const removals: ImageRemoval[] = [];
    for (const { id } of doomed) removals.push(...(await this.remove(id, { force: true })));
    return { removals, reclaimedBytes: doomed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
  }

  async checkLogin(auth: RegistryAuth, signal: AbortSignal): Promise<{ readonly identityToken: string }> {
    const server = (auth.serverAddress ?? "docker.io").replace(/^https?:\/\//, "").replace(/\/.*$/, "");
    const domain = server === "index.docker.io" ? "docker.io" : server;
    await this.#options.puller.checkLogin(domain, credentialsOf(auth), signal);
    return { identityToken: "" };
  }

  async buildHost(request: HostImageRequest): Promise<{ readonly id: string }> {
    const { store, layers } = this.#options;
    const tag = canonicalName(parseReference(request.name));
    const { executables, paths, config, signal } = request;
    const image = await buildHostImage(store, layers, {
      executables,
      paths,
      tag,
      config: config as NonNullable<Image["config"]["config"]>,
      signal,
    });
    return { id: image.id };
  }

  /** Removes content that neither an image nor a container needs. Resolves to the bytes of blobs that were freed. */
  async collectGarbage(): Promise<number> {
    const { store, layers, layersOfContainers } = this.#options;
    const bytes = await store.collectGarbage();
    await layers.collectGarbage((diffId) => store.needsLayer(diffId) || layersOfContainers().has(diffId));
    return bytes;
  }

  #checkUnused(image: Image, name: string, force: boolean): void {
    const users = this.#options.usersOf(image.id);
    const [blocker] = force ? users.filter(({ isRunning }) => isRunning) : users;
    if (blocker === undefined) return;
    const how = force ? "cannot be forced" : "must be forced";
    throw new RuncibleError(
      "image-in-use",
      `conflict: unable to remove repository reference "${name}" (${how}) - container ${shortId(blocker.id)} is using its referenced image ${shortId(image.id)}`,
    );
  }

  async #find(name: string): Promise<Image> {
    const image = await this.#options.store.find(name);
    if (image !== undefined) return image;
    throw noSuchImage(/^(sha256:)?[0-9a-f]{64}$/.test(name) ? name : familiarName(parseReference(name)));
  }

  async #view(image: Image): Promise<ImageView> {
    return await imageViewOf(image, this.#options.layers);
  }

  #publish(action: string, name: string, id: string): void {
    this.#options.events.publish({ type: "image", action, id, attributes: { name } });
  }
}
