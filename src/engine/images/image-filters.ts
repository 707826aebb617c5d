import { RuncibleError } from "../../internal/errors";
import { familiarName, parseReference } from "../../runtime/image/reference";
import { noSuchImage } from "../../wire/docker-errors";
import { booleanFilter, checkFilterKeys, type Filters, matchesLabels } from "../../wire/filters";
import type { ImageView } from "../routes/image-service";
import { decodeUntil } from "../until";

const keys = ["reference", "dangling", "label", "label!", "before", "since", "until"];

/** Newest first. Throws `invalid-argument`. */
export function selectImages(views: readonly ImageView[], filters: Filters): readonly ImageView[] {
  checkFilterKeys(filters, keys);
  const isNewer = bound(views, filters, "since", (view, time) => view > time);
  const isOlder = bound(views, filters, "before", (view, time) => view < time);
  const references = filters.get("reference") ?? [];
  const until = (filters.get("until") ?? []).map((text) => decodeUntil(text, Date.now()));
  const dangling = booleanFilter(filters, "dangling");
  return views
    .filter((view) => isNewer(view) && isOlder(view))
    .filter((view) => matchesLabels(view.config.Labels ?? {}, filters))
    .filter((view) => until.every((time) => Date.parse(view.createdAt) < time))
    .flatMap((view) => (references.length === 0 ? [view] : withNames(view, references)))
    .filter((view) => dangling === undefined || dangling === (view.tags.length === 0))
    .toSorted((left, right) => Date.parse(right.createdAt) - Date.parse(left.createdAt));
}

/** The image with those of its names that match, as Docker shows it; nothing when none does. */
function withNames(view: ImageView, patterns: readonly string[]): readonly ImageView[] {
  const isWanted = (name: string): boolean => {
    const repository = name.replace(/@.*$/, "").replace(/:[^/]*$/, "");
    return patterns.some((pattern) => matches(name, pattern) || matches(repository, pattern));
  };
  const tags = view.tags.filter(isWanted);
  const repoDigests = view.repoDigests.filter(isWanted);
  return tags.length + repoDigests.length === 0 ? [] : [{ ...view, tags, repoDigests }];
}

/** Go's path.Match: `*` stops at a slash. Throws `invalid-argument` for brackets that are not closed. */
function matches(name: string, pattern: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|\\]/g, "\\$&")
    .replaceAll("*", "[^/]*")
    .replaceAll("?", "[^/]");
  try {
    return new RegExp(`^${source}$`).test(name);
  } catch (cause) {
    throw new RuncibleError("invalid-argument", `invalid filter 'reference=${pattern}': syntax error in pattern`, {
      cause,
    });
  }
}

function bound(
  views: readonly ImageView[],
  filters: Filters,
  key: "before" | "since",
  accepts: (view: number, time: number) => boolean,
): (view: ImageView) => boolean {
  const [name] = filters.get(key) ?? [];
  if (name === undefined) return () => true;
  // A name such as `db` may be the beginning of an id, too.
  const other =
    views.find(({ tags }) => tags.includes(name) || tags.includes(`${name}:latest`)) ??
    views.find(({ id }) => id.startsWith(name) || id.startsWith(`sha256:${name}`));
  if (other === undefined) throw noSuchImage(familiarName(parseReference(name)));
  const time = Date.parse(other.createdAt);
  return (view) => accepts(Date.parse(view.createdAt), time);
}
