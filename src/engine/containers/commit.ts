import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { configBytes, imageSnapshot, type LayerRef, nextSnapshot } from "../../build/execute/snapshot";
import { RuncibleError } from "../../internal/errors";
import { mediaTypes } from "../../runtime/image/descriptor";
import { unpackFile } from "../../runtime/image/file-layer";
import type { ImageLease } from "../../runtime/image/image-store";
import type { Image } from "../../runtime/image/manifest";
import { addNewImage } from "../../runtime/image/new-image";
import { canonicalName, familiarName, type ImageReference, parseReference } from "../../runtime/image/reference";
import { packUpper } from "../../runtime/layer/diff";
import { layerFolders } from "../../runtime/layer-folders";
import { belowLayers } from "../../runtime/rootfs/find-below";
import { removalInProgress } from "../../wire/docker-errors";
import type { CommitOptions } from "../routes/container-service";
import { collectContent } from "./collect-content";
import { committedConfig } from "./committed-config";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { initTarget } from "./init-program";
import { pauseContainer, unpauseContainer } from "./pause";
import { publishContainerEvent } from "./publish";

/** `ContainerService.commit`. */
export async function commitContainer(
  context: ContainerContext,
  container: Container,
  options: CommitOptions,
): Promise<{ readonly imageId: string }> {
  if (container.isRemoving) throw removalInProgress(container.id);
  const reference = options.reference === undefined ? undefined : parseReference(options.reference);
  const base = baseOf(container, await context.images.find(container.record.imageId));
  const lease = context.images.lease();
  try {
    // They become the new image's, whatever happens to the old one meanwhile.
    for (const { diffId, descriptor } of imageSnapshot(base).layers) {
      lease.protect(diffId);
      lease.protect(descriptor.digest);
    }
    const image = await addCommitted(context, container, { base, lease, reference, options });
    const name = reference === undefined ? "" : familiarName(reference);
    if (name !== "") context.events.publish({ type: "image", action: "tag", id: image.id, attributes: { name } });
    publishContainerEvent(context, container, "commit", {
      comment: options.comment,
      imageID: image.id,
      imageRef: name,
    });
    return { imageId: image.id };
  } catch (error) {
    lease.release();
    // Why it failed counts more than what lies there now: the next collection finds it.
    await collectContent(context).catch(() => {});
    throw error;
  } finally {
    lease.release();
  }
}

interface CommitRequest {
  readonly base: Image;
  readonly lease: ImageLease;
  readonly reference: ImageReference | undefined;
  readonly options: CommitOptions;
}

async function addCommitted(
  context: ContainerContext,
  container: Container,
  { base, lease, reference, options }: CommitRequest,
): Promise<Image> {
  const config = committedConfig(container.record, base.config.config ?? {}, options);
  const isPausing = options.pause && container.record.state.status === "running";
  if (isPausing) await pauseContainer(context, container);
  const layer = await takeLayer(context, container, lease, options.signal).finally(() =>
    isPausing ? unpauseContainer(context, container) : undefined,
  );
  const { entrypoint, command } = container.record.config;
  const snapshot = nextSnapshot(imageSnapshot(base), {
    runConfig: config,
    createdBy: [...entrypoint, ...command].join(" "),
    created: new Date().toISOString(),
    ...(layer === undefined ? {} : { layer }),
    ...(options.author === "" ? {} : { author: options.author }),
    ...(options.comment === "" ? {} : { comment: options.comment }),
  });
  return await addNewImage(context.images, lease, {
    config: configBytes(snapshot.config),
    layers: snapshot.layers.map(({ descriptor }) => descriptor),
    tags: reference === undefined ? [] : [canonicalName(reference)],
  });
}

function baseOf({ id }: Container, image: Image | undefined): Image {
  if (image !== undefined) return image;
  throw new RuncibleError(
    "image-not-found",
    `commit container ${id}: its image was removed by force, and with it what its layers are called; start from another`,
  );
}

/**
 * Undefined when nothing was written. The container's folder stays its own: its content is packed, and unpacked anew.
 */
async function takeLayer(
  context: ContainerContext,
  container: Container,
  lease: ImageLease,
  signal: AbortSignal,
): Promise<LayerRef | undefined> {
  const { images, runtime } = context;
  const scratch = await images.scratch();
  try {
    const layers = await layerFolders(runtime, container.record.diffIds);
    const file = join(scratch.path, "layer.tar");
    const { diffId, sizeBytes, isEmpty } = await runtime.rootfs.written(
      { layers, folder: container.folder },
      async (upper) => {
        const exclude = await mountedPlaces(container, upper);
        const isBelow = belowLayers({ layers, marks: runtime.rootfs.form.whiteouts });
        return await packUpper({ upper, file, exclude, isBelow, isLive: true, signal });
      },
    );
    if (isEmpty) return undefined;
    lease.protect(diffId);
    await images.blobs.adopt(file, diffId);
    if (!(await runtime.layers.has(diffId))) {
      await unpackFile(runtime.layers, { path: file, diffId, describedAs: diffId, signal });
    }
    return { diffId, descriptor: { mediaType: mediaTypes.ociLayer, digest: diffId, size: sizeBytes } };
  } finally {
    await scratch.remove();
  }
}

const defaultTargets = ["/proc", "/dev", "/sys", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", initTarget];

/** Empty files and folders that are there only because something was mounted on them. */
async function mountedPlaces({ record }: Container, upper: string): Promise<readonly string[]> {
  const places: string[] = [];
  for (const target of [...defaultTargets, ...record.mounts.map((mount) => mount.target)]) {
    const place = target.replace(/^\/+/, "");
    const path = join(upper, place);
    const stats = await lstat(path).catch(() => undefined);
    const isEmptyFile = stats?.isFile() && stats.size === 0;
    if (isEmptyFile || (stats?.isDirectory() && (await readdir(path)).length === 0)) places.push(place);
  }
  return places;
}
