import { RuncibleError } from "../../internal/errors";
import type { ExportedImage } from "../../runtime/image/export-archive";
import type { ImageStore } from "../../runtime/image/image-store";
import type { Image } from "../../runtime/image/manifest";
import { canonicalName, parseReference, repositoryOf } from "../../runtime/image/reference";
import { noSuchImage } from "../../wire/docker-errors";

/**
 * What Docker saves for names: a tag with its image, all tags of a repository that is named without one, and an image
 * without a name for an id or a digest. Each image once. Throws `image-not-found`.
 */
export async function imagesToSave(store: ImageStore, names: readonly string[]): Promise<readonly ExportedImage[]> {
  const chosen = new Map<string, { readonly image: Image; readonly tags: Set<string> }>();
  const choose = (image: Image, tags: readonly string[]): void => {
    const known = chosen.get(image.id) ?? { image, tags: new Set() };
    for (const tag of tags) known.tags.add(tag);
    chosen.set(image.id, known);
  };
  const all = await store.list();
  for (const name of names) {
    const ofRepository = all.flatMap((image) => {
      const tags = tagsOfRepository(image, name);
      return tags.length === 0 ? [] : [{ image, tags }];
    });
    for (const { image, tags } of ofRepository) choose(image, tags);
    if (ofRepository.length > 0) continue;
    const image = await store.find(name);
    if (image === undefined) throw notThere(name);
    choose(image, namedTag(image, name));
  }
  return [...chosen.values()].map(({ image, tags }) => ({ image, tags: [...tags] }));
}

/** Docker looks for names with a tag in another place than for those without, and says so. */
function notThere(name: string): RuncibleError {
  return hasSuffix(name) ? new RuncibleError("image-not-found", "reference does not exist") : noSuchImage(name);
}

function hasSuffix(name: string): boolean {
  return /@|:[^/]*$/.test(name);
}

/** Empty unless the name is one without tag and digest. */
function tagsOfRepository({ tags }: Image, name: string): readonly string[] {
  if (isId(name) || hasSuffix(name)) return [];
  const repository = repositoryOf(parseReference(name));
  return tags.filter((tag) => repositoryOf(parseReference(tag)) === repository);
}

function namedTag({ tags }: Image, name: string): readonly string[] {
  if (isId(name) || name.includes("@")) return [];
  const wanted = canonicalName(parseReference(name));
  return tags.filter((tag) => tag === wanted);
}

function isId(name: string): boolean {
  return /^(sha256:[0-9a-f]{4,64}|[0-9a-f]{64})$/.test(name);
}
