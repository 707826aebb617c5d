import Dockerode from "dockerode";
import { waitUntil } from "../../support/wait-until";

/**
 * Removes everything but the image `bb:latest`; resolves to whether that is there. By the API: a dozen command lines
 * before each case took longer than most cases.
 */
export async function emptyDaemon(host: string): Promise<boolean> {
  const daemon = new Dockerode({ socketPath: host.replace("unix://", "") });
  await waitUntil(() => removeContainers(daemon), 30_000);
  // Of the networks those that every daemon has stay.
  await daemon.pruneNetworks();
  const { Volumes } = await daemon.listVolumes();
  for (const { Name } of Volumes) await daemon.getVolume(Name).remove({ force: true });
  return await removeImages(daemon);
}

/** Tells whether none is left: what removes itself may be at it. */
async function removeContainers(daemon: Dockerode): Promise<boolean> {
  const containers = await daemon.listContainers({ all: true });
  await Promise.all(containers.map(({ Id }) => daemon.getContainer(Id).remove({ force: true }).catch(ignore)));
  return containers.length === 0;
}

async function removeImages(daemon: Dockerode): Promise<boolean> {
  const images = await daemon.listImages();
  const isBase = ({ RepoTags }: Dockerode.ImageInfo): boolean => (RepoTags ?? []).includes(base);
  for (const image of images) {
    const names = isBase(image) ? (image.RepoTags ?? []).filter((name) => name !== base) : [image.Id];
    // Another one's removal may have taken it along.
    for (const name of names) await daemon.getImage(name).remove({ force: true }).catch(ignore);
  }
  return images.some(isBase);
}

const base = "bb:latest";
const ignore = (): void => {};
