import { RuncibleError } from "../../internal/errors";
import { familiarName, type ImageReference } from "../image/reference";
import type { HttpResponse } from "./http";
import { refusalOf, smallBody } from "./refusal";

/** Nobody pulls so many; a registry whose list never ends must not fill the memory. */
const tagsLimit = 10_000;

/** OCI distribution specification, "Listing Tags": page by page, each of which says where the next is. */
export async function fetchTags(
  reference: ImageReference,
  get: (path: string) => Promise<HttpResponse>,
): Promise<readonly string[]> {
  const tags: string[] = [];
  let next: string | undefined = `/v2/${reference.path}/tags/list`;
  while (next !== undefined) {
    const response: HttpResponse = await get(next);
    const body = await smallBody(response, reference);
    if (response.statusCode !== 200) throw refusalOf(reference, response, body);
    const page = tagsIn(body, reference);
    tags.push(...page);
    if (tags.length > tagsLimit) throw odd(reference, `more than ${tagsLimit} tags; pull those that you need by name`);
    next = page.length === 0 ? undefined : nextPage(next, response);
  }
  return tags;
}

function tagsIn(body: Buffer, reference: ImageReference): readonly string[] {
  try {
    const { tags } = JSON.parse(body.toString("utf8")) as { readonly tags?: unknown };
    if (tags === undefined || tags === null) return [];
    if (Array.isArray(tags) && tags.every((tag) => typeof tag === "string")) return tags;
  } catch (cause) {
    throw odd(reference, "no JSON", cause);
  }
  throw odd(reference, "no list of tags");
}

/** RFC 8288: `</v2/app/tags/list?last=b&n=2>; rel="next"`, absolute or relative to this page. */
function nextPage(current: string, { headers }: HttpResponse): string | undefined {
  const [, target] = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(String(headers["link"] ?? "")) ?? [];
  if (target === undefined || /^https?:/i.test(target)) return target;
  const { pathname, search } = new URL(target, new URL(current, "http://registry"));
  return pathname + search;
}

function odd(reference: ImageReference, what: string, cause?: unknown): RuncibleError {
  return new RuncibleError(
    "registry-error",
    `list tags of ${familiarName(reference)}: the registry answers with ${what}`,
    {
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
