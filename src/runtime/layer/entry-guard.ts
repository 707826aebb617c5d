import { RuncibleError } from "../../internal/errors";

export interface LayerLimits {
  /** Default: 1 000 000. */
  readonly entries: number;
  /** Unpacked bytes, and also those of the plain archive. Default: 64 GiB. */
  readonly bytes: number;
}

export const defaultLayerLimits: LayerLimits = { entries: 1_000_000, bytes: 64 * 1024 ** 3 };

export interface GuardedEntry {
  readonly name: string;
  readonly linkName: string;
  readonly type: string;
  /** Bytes that the entry takes when unpacked. */
  readonly size: number;
}

/** Judges the entries of one layer in their order. Every refusal names layer and entry. */
export interface EntryGuard {
  /**
   * The name from the layer's root, without leading or trailing slash; "" is the root. Throws `layer-invalid`,
   * `layer-too-large`.
   */
  admit(entry: GuardedEntry): string;
  /**
   * Bytes of the plain archive, also headers and what follows its end: reading them costs as much. Throws
   * `layer-too-large`.
   */
  admitBytes(count: number): void;
}

const pathLimit = 4096;
const nameLimit = 255;
const knownTypes = "01234567S";

/**
 * A layer is unpacked into an empty folder, so only what it brings itself can lead outside: `..`, and links laid down
 * before they are written through.
 */
export function createEntryGuard(layer: string, limits: LayerLimits): EntryGuard {
  const links = new Set<string>();
  let entries = 0;
  let bytes = 0;
  let archiveBytes = 0;

  const refuse = (name: string, reason: string): RuncibleError =>
    new RuncibleError("layer-invalid", `unpack layer ${layer}: entry "${shown(name)}" ${reason}`, {
      evidence: { layer, entry: name },
    });

  const inside = (entry: string, path: string): string => {
    const parts = path.split("/").filter((part) => part !== "" && part !== ".");
    if (parts.includes("..")) throw refuse(entry, 'has ".." in its path');
    if (path.length > pathLimit) throw refuse(entry, `has a path longer than ${pathLimit} bytes`);
    if (parts.some((part) => Buffer.byteLength(part) > nameLimit)) {
      throw refuse(entry, `has a name longer than ${nameLimit} bytes`);
    }
    for (let depth = 1; depth < parts.length; depth++) {
      if (links.has(parts.slice(0, depth).join("/"))) throw refuse(entry, "goes through a symbolic link of the layer");
    }
    return parts.join("/");
  };

  const tooLarge = (place: string, evidence: Readonly<Record<string, unknown>>): RuncibleError => {
    const what = entries > limits.entries ? `${limits.entries} entries` : `${limits.bytes} bytes`;
    return new RuncibleError(
      "layer-too-large",
      `unpack layer ${layer}: it has more than ${what} (${place}), the most that one layer may have; use an image whose layers are smaller`,
      { evidence: { layer, ...evidence } },
    );
  };

  const count = (entry: GuardedEntry): void => {
    entries += 1;
    bytes += entry.size;
    if (entries <= limits.entries && bytes <= limits.bytes) return;
    throw tooLarge(`at entry "${shown(entry.name)}"`, { entry: entry.name });
  };

  const admitBytes = (count: number): void => {
    archiveBytes += count;
    if (archiveBytes > limits.bytes) throw tooLarge("in its archive, headers and padding included", {});
  };

  const admit = (entry: GuardedEntry): string => {
    count(entry);
    if (!knownTypes.includes(entry.type)) throw refuse(entry.name, `has the unknown type "${entry.type}"`);
    if (`${entry.name}${entry.linkName}`.includes("\0")) throw refuse(entry.name, "has a NUL in its name");
    const path = inside(entry.name, entry.name);
    if (path === "" && entry.type !== "5") throw refuse(entry.name, "would replace the root folder");
    if (entry.type === "1") {
      const target = inside(entry.name, entry.linkName);
      if (target === "") throw refuse(entry.name, "is a hard link to the root folder");
      if (links.has(target)) links.add(path);
    }
    if (entry.type === "2") links.add(path);
    else if (entry.type !== "1") links.delete(path);
    return path;
  };

  return { admit, admitBytes };
}

function shown(name: string): string {
  return name.length > 200 ? `${name.slice(0, 200)}…` : name;
}
