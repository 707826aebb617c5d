import { RuncibleError } from "../../internal/errors";
import { checkFilterKeys, type Filters, matchesLabels } from "../../wire/filters";
import { decodeBoolean } from "../../wire/query-values";
import type { ImageView } from "../routes/image-service";

const keys = ["reference", "dangling", "label", "label!", "before", "since", "until"];

/** Newest first. Throws `invalid-argument`. */
export function selectImages(views: readonly ImageView[], filters: Filters): readonly ImageView[] {
  checkFilterKeys(filters, keys);
  const isNewer = bound(views, filters, "since", (view, time) => view > time);
  const isOlder = bound(views, filters, "before", (view, time) => view < time);
  const references = filters.get("reference") ?? [];
  const [dangling] = filters.get("dangling") ?? [];
  return views
    .filter((view) => isNewer(view) && isOlder(view))
    .filter((view) => matchesLabels(view.config.Labels ?? {}, filters))
    .filter((view) => references.length === 0 || references.some((pattern) => hasName(view, pattern)))
    .filter((view) => dangling === undefined || decodeBoolean(dangling) === (view.tags.length === 0))
    .toSorted((left, right) => Date.parse(right.createdAt) - Date.parse(left.createdAt));
}

function hasName({ tags, repoDigests }: ImageView, pattern: string): boolean {
  return [...tags, ...repoDigests].some((name) => {
    const repository = name.replace(/[:@][^/]*$/, "");
    return matches(name, pattern) || matches(repository, pattern);
  });
}

/** Go's path.Match: `*` stops at a slash. */
function matches(name: string, pattern: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|\\]/g, "\\$&")
    .replaceAll("*", "[^/]*")
    .replaceAll("?", "[^/]");
  return new RegExp(`^${source}$`).test(name);
}

function bound(
  views: readonly ImageView[],
  filters: Filters,
  key: "before" | "since",
  accepts: (view: number, time: number) => boolean,
): (view: ImageView) => boolean {
  const [name] = filters.get(key) ?? [];
  if (name === undefined) return () => true;
  const other = views.find(
    ({ id, tags }) => tags.includes(name) || tags.includes(`${name}:latest`) || id.includes(name),
  );
  if (other === undefined) throw new RuncibleError("image-not-found", `No such image: ${name}`);
  const time = Date.parse(other.createdAt);
  return (view) => accepts(Date.parse(view.createdAt), time);
}
