import { RuncibleError } from "../../internal/errors";
import { shortId } from "../../internal/ids";
import type { Image } from "../../runtime/image/manifest";
import { canonicalName, parseReference, repositoryOf } from "../../runtime/image/reference";

export interface RemovalRequest {
  /** As the user typed it. */
  readonly name: string;
  readonly force: boolean;
}

/** A container made of the image. */
export interface ImageUser {
  readonly id: string;
  readonly isRunning: boolean;
}

export interface RemovalPlan {
  /** Canonical names, with tag or digest, that go. */
  readonly untagged: readonly string[];
  readonly isDeleted: boolean;
}

/** What Docker does of `docker rmi`, with its conflicts and their words. Throws `image-in-use`. */
export function planRemoval(image: Image, users: readonly ImageUser[], request: RemovalRequest): RemovalPlan {
  return isIdOf(image, request.name) ? byId(image, users, request) : byName(image, users, request);
}

function byName(image: Image, users: readonly ImageUser[], { name, force }: RemovalRequest): RemovalPlan {
  const [user] = users;
  if (!force && isInOneRepository(image) && user !== undefined) {
    throw new RuncibleError(
      "image-in-use",
      `conflict: unable to remove repository reference "${name}" (must force) - container ${shortId(user.id)} is using its referenced image ${shortId(image.id)}`,
    );
  }
  const reference = parseReference(name);
  const repository = repositoryOf(reference);
  const wanted = reference.digest === undefined ? canonicalName(reference) : `${repository}@${reference.digest}`;
  const tags = image.tags.filter((tag) => tag !== wanted);
  // Digests are names of the repository's last tag.
  const isLastTag = reference.digest === undefined && !tags.some((tag) => isOf(tag, repository));
  const digests = image.repoDigests.filter((name) => name !== wanted && !(isLastTag && isOf(name, repository)));
  const untagged = [wanted, ...image.repoDigests.filter((name) => name !== wanted && !digests.includes(name))];
  const isNameless = tags.length === 0 && digests.length === 0;
  // By force it loses its name, and stays for those who use it.
  return { untagged, isDeleted: isNameless && blockerOf(image, users, force) === undefined };
}

function byId(image: Image, users: readonly ImageUser[], { force }: RemovalRequest): RemovalPlan {
  const conflict = blockerOf(image, users, force);
  const isShared = !force && !isInOneRepository(image);
  // What cannot be forced is said first.
  if (conflict !== undefined && (conflict.isHard || !isShared)) throw conflict.error;
  if (isShared) throw unableToDelete(image, "must be forced", "image is referenced in multiple repositories");
  return { untagged: [...image.tags, ...image.repoDigests], isDeleted: true };
}

interface Blocker {
  readonly isHard: boolean;
  readonly error: RuncibleError;
}

/** Force overrules containers that are stopped, never those that run. */
function blockerOf(image: Image, users: readonly ImageUser[], force: boolean): Blocker | undefined {
  const running = users.find(({ isRunning }) => isRunning);
  if (running !== undefined) {
    const reason = `image is being used by running container ${shortId(running.id)}`;
    return { isHard: true, error: unableToDelete(image, "cannot be forced", reason) };
  }
  const [stopped] = force ? [] : users;
  if (stopped === undefined) return undefined;
  const reason = `image is being used by stopped container ${shortId(stopped.id)}`;
  return { isHard: false, error: unableToDelete(image, "must be forced", reason) };
}

function unableToDelete({ id }: Image, how: string, reason: string): RuncibleError {
  return new RuncibleError("image-in-use", `conflict: unable to delete ${shortId(id)} (${how}) - ${reason}`);
}

/** At most one tag, and digests of that tag's repository only. */
function isInOneRepository({ tags, repoDigests }: Image): boolean {
  const repositories = new Set([...tags, ...repoDigests].map((name) => repositoryOf(parseReference(name))));
  return tags.length <= 1 && repositories.size <= 1;
}

function isOf(name: string, repository: string): boolean {
  return repositoryOf(parseReference(name)) === repository;
}

function isIdOf({ id }: Image, name: string): boolean {
  return id.startsWith(name.startsWith("sha256:") ? name : `sha256:${name}`);
}
