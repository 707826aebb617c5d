import type { Readable } from "node:stream";
import { RuncibleError } from "../../internal/errors";
import type { Digest } from "../../runtime/image/digest";
import { exportArchive } from "../../runtime/image/export-archive";
import { buildHostImage } from "../../runtime/image/host-image";
import type { ImageStore } from "../../runtime/image/image-store";
import type { Image } from "../../runtime/image/manifest";
import { canonicalName, familiarName, namesOneImage, parseReference } from "../../runtime/image/reference";
import type { LayerStore } from "../../runtime/layer/layer-store";
import type { Puller } from "../../runtime/pull";
import { isWorthless } from "../../runtime/pull-layer";
import type { Pusher } from "../../runtime/push";
import type { AuthorityPlace } from "../../runtime/registry/trust";
import { noSuchImage } from "../../wire/docker-errors";
import { booleanFilter, type Filters } from "../../wire/filters";
import type { ProgressLine } from "../../wire/progress";
import type { RegistryAuth } from "../../wire/registry-auth";
import { publishPrune } from "../events/publish-prune";
import { provideReaperImage } from "../reaper/reaper-image";
import type { EventSink } from "../routes/event-service";
import type {
  DescribedImage,
  HistoryEntry,
  HostImageRequest,
  ImageRemoval,
  ImageService,
  ImageView,
  ImportRequest,
  LoadRequest,
  PullRequest,
  PushRequest,
} from "../routes/image-service";
import { chainsFreed } from "./chain-ids";
import { selectImages } from "./image-filters";
import { historyOf, imageViewOf } from "./image-view";
import { importLines } from "./import-filesystem";
import { loadLines } from "./load-lines";
import { provideNodeImage } from "./node-image";
import { credentialsOf, pullAllLines, pullLines } from "./pull-lines";
import { pushLines } from "./push-lines";
import { type ImageUser, planRemoval } from "./removal-plan";
import { imagesToSave } from "./save-images";

export interface ImageCatalogOptions {
  readonly store: ImageStore;
  readonly layers: LayerStore;
  /** What clients are told of how the layers are kept. */
  readonly storageDriver: string;
  readonly puller: Puller;
  readonly pusher: Pusher;
  readonly events: EventSink;
  /** The layers of each container's root, lowest first, whether their image is still there or not. */
  readonly rootsOfContainers: () => readonly (readonly Digest[])[];
  /** Removes content that no image, lease or container needs. Resolves to the bytes of blobs that were freed. */
  readonly collectGarbage: () => Promise<number>;
  /** Authorities that sign for servers of `docker import`, beside Node's own list. */
  readonly authorities: readonly AuthorityPlace[];
  /** Containers made from an image. */
  readonly usersOf: (imageId: string) => readonly ImageUser[];
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
    await this.#provide(name);
    return await this.#view(await this.#find(name));
  }

  async history(name: string): Promise<readonly HistoryEntry[]> {
    return await historyOf(await this.#find(name), this.#options.layers);
  }

  async *pull(request: PullRequest): AsyncGenerator<ProgressLine> {
    const name = request.tag === "" ? request.image : `${request.image}:${request.tag}`;
    if (await this.#provide(name)) {
      yield { status: `Status: Image is up to date for ${name}` };
      return;
    }
    const isWhole = request.allTags === true && request.tag === "" && !namesOneImage(request.image);
    const lines = isWhole ? pullAllLines : pullLines;
    const published = (image: Image, name: string): void => this.#publish("pull", name, image.id);
    yield* this.#clearing(lines(this.#options.puller, request, published), isWorthless);
  }

  push(request: PushRequest): AsyncIterable<ProgressLine> {
    return pushLines(this.#options, request, (image, name) => this.#publish("push", name, image.id));
  }

  async save(names: readonly string[], signal: AbortSignal): Promise<Readable> {
    const chosen = await imagesToSave(this.#options.store, names);
    const archive = await exportArchive(this.#options.store, chosen, signal);
    for (const { image } of chosen) this.#publish("save", image.id, image.id);
    return archive;
  }

  load(request: LoadRequest): AsyncIterable<ProgressLine> {
    const home = { ...this.#options, clearUp: () => this.#clearUp() };
    return loadLines(home, request, (image) => this.#publish("load", image.id, image.id));
  }

  importFilesystem(request: ImportRequest): AsyncIterable<ProgressLine> {
    const published = (image: Image): void => {
      if (request.reference !== "") this.#publish("tag", familiarName(parseReference(request.reference)), image.id);
      this.#publish("import", image.id, image.id);
    };
    return this.#clearing(importLines(this.#options, request, published), () => true);
  }

  async describe(name: string, auth: RegistryAuth | undefined, signal: AbortSignal): Promise<DescribedImage> {
    return await this.#options.puller.describe({
      ...{ reference: parseReference(name), signal },
      ...(auth === undefined ? {} : { auth: credentialsOf(auth) }),
    });
  }

  registriesOf(name: string): Promise<readonly string[]> {
    return this.#options.puller.registriesOf(parseReference(name));
  }

  /** Of Docker Hub; empty also when its configuration cannot be read, which a pull says. */
  async hubMirrors(): Promise<readonly string[]> {
    return await this.#options.puller.mirrorsOf(parseReference("docker.io/library/image")).catch(() => []);
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
    const { store, usersOf, rootsOfContainers } = this.#options;
    const image = await this.#find(name);
    const { untagged, isDeleted } = planRemoval(image, usersOf(image.id), { name, force });
    const removals: ImageRemoval[] = [];
    for (const reference of untagged) {
      await store.untag(reference);
      const familiar = familiarName(parseReference(reference));
      removals.push({ untagged: familiar });
      this.#publish("untag", familiar, image.id);
    }
    if (!isDeleted) return removals;
    await store.remove(image.id);
    await this.collectGarbage();
    this.#publish("delete", image.id, image.id);
    const others = [...(await store.list()).map(({ config }) => config.rootfs.diff_ids), ...rootsOfContainers()];
    const layers = chainsFreed(image.config.rootfs.diff_ids, others);
    return [...removals, ...[image.id, ...layers].map((deleted) => ({ deleted }))];
  }

  async prune(
    filters: Filters,
  ): Promise<{ readonly removals: readonly ImageRemoval[]; readonly reclaimedBytes: number }> {
    const orphanedBytes = (await this.#options.store.dropSuspended()) + (await this.collectGarbage());
    const onlyDangling = booleanFilter(filters, "dangling") ?? true;
    const rest: Filters = new Map([...filters].filter(([key]) => key !== "dangling"));
    const views = await this.list({ all: true, filters: rest });
    const doomed = views.filter(({ id, tags }) => {
      return this.#options.usersOf(id).length === 0 && !(onlyDangling && tags.length > 0);
    });
    const removals: ImageRemoval[] = [];
    for (const { id } of doomed) removals.push(...(await this.remove(id, { force: true })));
    const reclaimedBytes = doomed.reduce((sum, { sizeBytes }) => sum + sizeBytes, orphanedBytes);
    publishPrune(this.#options.events, "image", reclaimedBytes);
    return { removals, reclaimedBytes };
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

  /** Ids of the images that have a label, with the value that they have. */
  async labelled(key: string): Promise<readonly { readonly id: string; readonly value: string }[]> {
    return (await this.#options.store.list()).flatMap(({ id, config }) => {
      const value = config.config?.Labels?.[key];
      return value === undefined ? [] : [{ id, value }];
    });
  }

  /** Removes content that nobody needs. Resolves to the bytes of blobs that were freed. */
  async collectGarbage(): Promise<number> {
    return await this.#options.collectGarbage();
  }

  /** What a failed task brought into the store is nobody's, unless the next attempt makes use of it. */
  async *#clearing(
    lines: AsyncIterable<ProgressLine>,
    isCleared: (error: unknown) => boolean,
  ): AsyncGenerator<ProgressLine> {
    try {
      yield* lines;
    } catch (error) {
      if (isCleared(error)) await this.#clearUp();
      throw error;
    }
  }

  /** Why something failed counts more than what lies there now: the next collection finds it. */
  async #clearUp(): Promise<void> {
    await this.collectGarbage().catch(() => {});
  }

  /** What the engine stands in for, or makes of its own machine, needs no registry. */
  async #provide(name: string): Promise<boolean> {
    const { store, layers } = this.#options;
    if (await provideReaperImage({ images: store, runtime: { layers } }, name)) return true;
    return await provideNodeImage({ images: store, layers }, name);
  }

  async #find(name: string): Promise<Image> {
    const image = await this.#options.store.find(name);
    if (image !== undefined) return image;
    throw noSuchImage(/^(sha256:)?[0-9a-f]{64}$/.test(name) ? name : familiarName(parseReference(name)));
  }

  async #view(image: Image): Promise<ImageView> {
    const { layers, storageDriver } = this.#options;
    return { ...(await imageViewOf(image, layers)), storageDriver };
  }

  #publish(action: string, name: string, id: string): void {
    this.#options.events.publish({ type: "image", action, id, attributes: { name } });
  }
}
