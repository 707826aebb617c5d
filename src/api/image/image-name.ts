import { RuncibleError } from "../../internal/errors";
import { imageGrammar, longestImageName } from "../../internal/image-grammar";
import { checkedText } from "../checks";
import { hubImageNamePrefix } from "../config";

const { host, path, tag } = imageGrammar;
/** A daemon may know other algorithms than the engine. */
const digest = "[A-Za-z][A-Za-z0-9+._-]*:[0-9A-Fa-f]{32,}";
const namePattern = new RegExp(`^(?:${host}/)?${path}(?::${tag})?(?:@${digest})?$`);
const idPattern = /^[0-9a-f]{64}$/;

/** Docker's grammar. Throws `invalid-argument` for what is no text, `invalid-reference` for what names no image. */
export function checkedImage(text: string, what: string): string {
  checkedText(text, what);
  if (text.length <= longestImageName && namePattern.test(text)) return text;
  throw new RuncibleError(
    "invalid-reference",
    `set ${what}: "${text.slice(0, 100)}" is not the name of an image; names are like redis:7 or registry.example:5000/team/app:1.2, in lower case up to the tag`,
  );
}

/** An image name as users of this API see it: no `library/`, no default registry (contract, section 12.7). */
export class ImageName {
  readonly registry: string | undefined;
  readonly image: string;
  readonly tag: string;
  readonly string: string;

  constructor(registry: string | undefined, image: string, tag: string) {
    const prefixed = registry || isId(image, tag) ? { registry: registry || undefined, image } : withPrefix(image);
    this.registry = prefixed.registry;
    this.image = prefixed.image;
    this.tag = tag;
    this.string = format(this);
  }

  equals(other: ImageName): boolean {
    return this.registry === other.registry && this.image === other.image && this.tag === other.tag;
  }

  static fromString(text: string): ImageName {
    const { registry, rest } = splitRegistry(text);
    const digestAt = rest.indexOf("@");
    if (digestAt >= 0) return new ImageName(registry, rest.slice(0, digestAt), rest.slice(digestAt + 1));
    const colonAt = rest.indexOf(":");
    if (colonAt < 0) return new ImageName(registry, rest, "latest");
    // A second colon stays in the tag, for the engine to refuse.
    return new ImageName(registry, rest.slice(0, colonAt), rest.slice(colonAt + 1));
  }
}

/** As a daemon reads the name: without the prefix, and Docker Hub for a name that says none. Pure. */
export function registryOf(imageName: string): string {
  return splitRegistry(imageName).registry ?? "docker.io";
}

function splitRegistry(text: string): { registry: string | undefined; rest: string } {
  const slashAt = text.indexOf("/");
  const first = text.slice(0, Math.max(slashAt, 0));
  return isRegistry(first) ? { registry: first, rest: text.slice(slashAt + 1) } : { registry: undefined, rest: text };
}

/** Of an image that is there, `sha256:…` or the digits alone: no registry has it by that name. */
function isId(image: string, tag: string): boolean {
  return idPattern.test(image === "sha256" ? tag : image);
}

function isRegistry(segment: string): boolean {
  return segment.includes(".") || segment.includes(":") || segment === "localhost";
}

/** The prefix is a registry with or without a path, or a path, which then stands in a registry's place. */
function withPrefix(image: string): { registry: string | undefined; image: string } {
  const prefix = hubImageNamePrefix();
  if (prefix === undefined) return { registry: undefined, image };
  const trimmed = prefix.replace(/\/$/, "");
  const [first = "", ...path] = trimmed.split("/");
  if (!isRegistry(first)) return { registry: trimmed, image };
  return { registry: first, image: [...path, image].join("/") };
}

function format({ registry, image, tag }: { registry: string | undefined; image: string; tag: string }): string {
  if (registry === undefined && tag === "latest" && idPattern.test(image)) return image;
  const separator = tag.startsWith("sha256:") ? "@" : ":";
  return `${registry === undefined ? "" : `${registry}/`}${image}${separator}${tag}`;
}
