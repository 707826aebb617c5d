import { RuncibleError } from "../../internal/errors";
import type { Platform } from "../../internal/platform";
import type { Descriptor } from "./descriptor";
import { isDigest } from "./digest";
import type { HistoryEntry, ImageConfig, ImageIndex, ImageManifest } from "./manifest";
import { parseRunConfig } from "./run-config";

/** Docker schema 2 and OCI, told apart by what they hold. Throws `image-invalid`. */
export function parseManifest(bytes: Buffer): ImageManifest | ImageIndex {
  const json = parseObject(bytes, "manifest");
  if (json["schemaVersion"] !== 2) {
    throw invalid("manifest", "its schema version is not 2; the image must be pushed anew by a current tool");
  }
  const mediaType = typeof json["mediaType"] === "string" ? { mediaType: json["mediaType"] } : {};
  if (Array.isArray(json["manifests"])) {
    return { schemaVersion: 2, ...mediaType, manifests: json["manifests"].map(parseDescriptor) };
  }
  if (!Array.isArray(json["layers"])) throw invalid("manifest", "it has neither layers nor manifests");
  return {
    schemaVersion: 2,
    ...mediaType,
    config: parseDescriptor(json["config"]),
    layers: json["layers"].map(parseDescriptor),
  };
}

export function isIndex(manifest: ImageManifest | ImageIndex): manifest is ImageIndex {
  return "manifests" in manifest;
}

/** OCI image configuration. Throws `image-invalid`. */
export function parseImageConfig(bytes: Buffer): ImageConfig {
  const json = parseObject(bytes, "image config");
  const rootfs = objectOf(json["rootfs"]);
  const diffIds = rootfs?.["diff_ids"];
  if (!Array.isArray(diffIds) || !diffIds.every((id) => typeof id === "string" && isDigest(id))) {
    throw invalid("image config", "rootfs.diff_ids is no list of digests");
  }
  const { os, architecture, variant, created, author, history } = json;
  return {
    os: textOf(os, "linux"),
    architecture: textOf(architecture, "amd64"),
    ...(typeof variant === "string" && variant !== "" ? { variant } : {}),
    ...(typeof created === "string" ? { created } : {}),
    ...(typeof author === "string" ? { author } : {}),
    config: parseRunConfig(objectOf(json["config"]) ?? {}),
    rootfs: { type: "layers", diff_ids: diffIds },
    history: Array.isArray(history) ? history.flatMap(parseHistoryEntry) : [],
  };
}

/** Only shown to people, so what is malformed in it is left out. */
function parseHistoryEntry(value: unknown): readonly HistoryEntry[] {
  const json = objectOf(value);
  if (json === undefined) return [];
  const texts = (["created", "created_by", "author", "comment"] as const).flatMap((key) => {
    const text = json[key];
    return typeof text === "string" ? [[key, text] as const] : [];
  });
  return [{ ...Object.fromEntries(texts), ...(json["empty_layer"] === true ? { empty_layer: true } : {}) }];
}

/** Throws `image-invalid`. */
export function parseDescriptor(value: unknown): Descriptor {
  const json = objectOf(value);
  const digest = json?.["digest"];
  const size = json?.["size"];
  if (typeof digest !== "string" || !isDigest(digest)) throw invalid("manifest", "a descriptor has no sha256 digest");
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    throw invalid("manifest", `descriptor ${digest} has no size`);
  }
  const platform = parsePlatformObject(json?.["platform"]);
  const annotations = annotationsOf(json?.["annotations"]);
  return {
    mediaType: typeof json?.["mediaType"] === "string" ? json["mediaType"] : "",
    digest,
    size,
    ...(platform === undefined ? {} : { platform }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

function parsePlatformObject(value: unknown): Platform | undefined {
  const json = objectOf(value);
  if (json === undefined) return undefined;
  const { os, architecture, variant } = json;
  return {
    os: textOf(os, "unknown"),
    architecture: textOf(architecture, "unknown"),
    ...(typeof variant === "string" && variant !== "" ? { variant } : {}),
  };
}

function annotationsOf(value: unknown): Readonly<Record<string, string>> | undefined {
  const json = objectOf(value);
  if (json === undefined) return undefined;
  return Object.fromEntries(Object.entries(json).map(([key, text]) => [key, textOf(text, "")]));
}

/** Of what is no text not even `String` can make one in every case. */
function textOf(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

function parseObject(bytes: Buffer, what: string): Record<string, unknown> {
  try {
    const json = objectOf(JSON.parse(bytes.toString("utf8")));
    if (json !== undefined) return json;
  } catch (cause) {
    throw new RuncibleError("image-invalid", `read ${what}: it is no JSON`, { cause });
  }
  throw invalid(what, "it is no JSON object");
}

function objectOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function invalid(what: string, reason: string): RuncibleError {
  return new RuncibleError("image-invalid", `read ${what}: ${reason}`);
}
