import { RuncibleError } from "../../internal/errors";
import type { EntryGuard } from "./entry-guard";
import { buildPax, type PaxRecords, parsePax } from "./pax";
import type { ProgramScan } from "./program-scan";
import { blockBytes, buildHeader, isZeroBlock, paddingOf, parseHeader, type TarHeader } from "./tar-header";
import { createWantReader, type Want } from "./want-reader";

/** Turns a layer's tar stream into one that GNU tar unpacks into overlay form, checking every entry on the way. */
export interface TarFilter {
  /** Pieces to hand to tar, views on `chunk` where possible. Throws what the guard throws, and `layer-invalid`. */
  push(chunk: Buffer): readonly Buffer[];
  /**
   * What tar still needs to see a whole archive: some tools leave out the padding of the last entry and the end blocks.
   * Throws `layer-invalid` when the stream stopped inside an entry.
   */
  end(): readonly Buffer[];
}

const nobodys = { mode: 0, uid: 0, gid: 0, mtime: 0 };

const extensionLimit = 1024 * 1024;
const whiteoutPrefix = ".wh.";
const opaqueName = ".wh..wh..opq";
/** What overlays themselves keep in attributes must not come from an image. */
const overlayAttribute = /^SCHILY\.xattr\.(trusted|user)\.(overlay|fuseoverlayfs)\./;

/** How a layer has to lie there for whoever mounts it. */
export interface LayerForm {
  /** Of a folder whose lower content is hidden. */
  readonly opaqueAttribute: "trusted.overlay.opaque" | "user.overlay.opaque";
  /** Only root of the machine can make devices; nobody else's images have them. */
  readonly hasDevices: boolean;
  /**
   * What says that a lower layer's entry is gone: overlayfs's own marks, or the names that archives have (`.wh.name`,
   * `.wh..wh..opq`), for file systems that take no marks.
   */
  readonly whiteouts: "devices" | "names";
}

interface Folder {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  /** Pax records that say more of it: extended attributes, exact time. */
  readonly attributes: PaxRecords;
}

export interface TarFilterOptions {
  readonly guard: EntryGuard;
  readonly form: LayerForm;
  /** Sees the content of all files. */
  readonly scan?: ProgramScan;
}

export function createTarFilter(layer: string, { guard, form, scan }: TarFilterOptions): TarFilter {
  const folders = new Map<string, Folder>();
  let out: Buffer[] = [];
  /** Of the content that is read, the bytes that only fill the last block. */
  let padding = 0;
  /** Headers that belong to the next entry, as they came. */
  let raw: Buffer[] = [];
  let rawBytes = 0;
  const extensions = new Set<string>();
  let pax: PaxRecords = new Map();
  /** Folders whose lower content is hidden; told to tar last, when their own entries have come. */
  const opaque = new Set<string>();
  let longName: string | undefined;
  let longLink: string | undefined;

  const invalid = (reason: string): RuncibleError =>
    new RuncibleError("layer-invalid", `unpack layer ${layer}: ${reason}`, { evidence: { layer } });

  const header = (block: Buffer): Want => {
    if (isZeroBlock(block)) {
      out.push(...ending());
      // Padding up to the record size, or garbage: neither is tar's business.
      return { kind: "nothing" };
    }
    const parsed = parseHeader(block);
    if (parsed === undefined) throw invalid("it is no tar archive");
    if (!"xgLK".includes(parsed.type)) return entry(block, parsed);
    // Which of two counts is a matter of taste among tools: what tar does must be what was judged here.
    if (extensions.has(parsed.type)) throw invalid(`an entry has two "${parsed.type}" headers`);
    if (parsed.type !== "g") extensions.add(parsed.type);
    if (parsed.size > extensionLimit) throw invalid("an extended header is longer than 1 MiB");
    remember(block);
    if (parsed.size === 0) return nextHeader;
    const next = (data: Buffer): Want => {
      extension(parsed.type, data);
      return nextHeader;
    };
    return { kind: "whole", bytes: parsed.size + paddingOf(parsed.size), next };
  };

  const nextHeader: Want = { kind: "whole", bytes: blockBytes, next: header };

  const remember = (bytes: Buffer): void => {
    rawBytes += bytes.length;
    if (rawBytes > 4 * extensionLimit) throw invalid("an entry has too many extended headers");
    raw.push(Buffer.from(bytes));
  };

  const extension = (type: string, data: Buffer): void => {
    if (type === "L" || type === "K") {
      remember(data);
      const end = data.indexOf(0);
      const value = data.subarray(0, end < 0 ? data.length : end).toString("utf8");
      if (type === "L") longName = value;
      else longLink = value;
      return;
    }
    const records = parsePax(data);
    if (records === undefined) throw invalid("an extended header is malformed");
    if (type === "g") {
      // Tar never sees it, so it must not mean anything here either.
      raw.pop();
      return;
    }
    const clean = new Map([...records].filter(([key]) => !overlayAttribute.test(key)));
    pax = new Map([...pax, ...clean]);
    if (clean.size === records.size) {
      remember(data);
    } else {
      raw.pop();
      if (clean.size > 0) remember(buildPax(clean));
    }
  };

  const entry = (block: Buffer, parsed: TarHeader): Want => {
    const paxText = (key: string): string | undefined => pax.get(key)?.toString("utf8");
    const name = paxText("GNU.sparse.name") ?? paxText("path") ?? longName ?? parsed.name;
    const linkName = paxText("linkpath") ?? longLink ?? parsed.linkName;
    const size = Number(paxText("size") ?? parsed.size);
    const realSize = Number(paxText("GNU.sparse.realsize") ?? paxText("GNU.sparse.size") ?? size);
    if (!Number.isSafeInteger(size) || size < 0) throw invalid(`entry "${name}" has a size that is none`);
    // Links have no data, whatever their header says.
    const dataSize = "123456".includes(parsed.type) ? 0 : size;
    // As tar reads it: a name that ends with a slash is a folder.
    const type = "07".includes(parsed.type) && name.endsWith("/") ? "5" : parsed.type;
    if (type !== parsed.type && dataSize > 0) throw invalid(`entry "${name}" is a folder with content`);
    const path = guard.admit({ name, linkName, type, size: Math.max(realSize, dataSize) });
    const full: TarHeader = { ...parsed, type, name, linkName, size: dataSize };
    const isKept = emit(block, path, full);
    raw = [];
    rawBytes = 0;
    extensions.clear();
    pax = new Map();
    longName = undefined;
    longLink = undefined;
    const isSparse = parsed.type === "S" && (block[482] ?? 0) !== 0;
    return isSparse ? sparseMap(dataSize) : content(dataSize, isKept);
  };

  /** Further maps of an old GNU sparse entry, which are before its content. */
  const sparseMap = (size: number): Want => ({
    kind: "whole",
    bytes: blockBytes,
    next(block) {
      out.push(Buffer.from(block));
      return (block[504] ?? 0) === 0 ? content(size, true) : sparseMap(size);
    },
  });

  const content = (size: number, isKept: boolean): Want => {
    scan?.begin();
    padding = paddingOf(size);
    if (size === 0) return nextHeader;
    const each = (piece: Buffer): void => {
      if (!isKept) return;
      out.push(piece);
      scan?.push(piece);
    };
    return { kind: "pieces", bytes: size + padding, each, next: () => nextHeader };
  };

  /** Whether the entry's data go on to tar. */
  const emit = (block: Buffer, path: string, full: TarHeader): boolean => {
    const slash = path.lastIndexOf("/");
    const base = path.slice(slash + 1);
    const parent = path.slice(0, Math.max(slash, 0));
    if (base === opaqueName) {
      if (form.whiteouts === "names") out.push(...emptyFile(path));
      else opaque.add(parent);
      return false;
    }
    // Bookkeeping of aufs, which old builders left in layers.
    if (base.startsWith(".wh..wh.")) return false;
    if (base.startsWith(whiteoutPrefix)) {
      out.push(...whiteout(parent, base.slice(whiteoutPrefix.length)));
      return false;
    }
    if ("34".includes(full.type) && !form.hasDevices) return false;
    if (full.type === "5") folders.set(path, { ...full, attributes: attributesOf(pax) });
    out.push(...raw, Buffer.from(block));
    return true;
  };

  const whiteout = (parent: string, name: string): readonly Buffer[] => {
    if (name === "" || name === "." || name === "..") {
      throw invalid(`entry "${parent}/${whiteoutPrefix}${name}" deletes no name`);
    }
    if (form.whiteouts === "names") return emptyFile(joined(parent, `${whiteoutPrefix}${name}`));
    return generated(joined(parent, name), "3", nobodys, new Map());
  };

  const opaqueFolder = (path: string): readonly Buffer[] => {
    const folder = folders.get(path) ?? { mode: 0o755, uid: 0, gid: 0, mtime: 0, attributes: new Map() };
    const records = new Map([...folder.attributes, [`SCHILY.xattr.${form.opaqueAttribute}`, Buffer.from("y")]]);
    return generated(path === "" ? "./" : `${path}/`, "5", folder, records);
  };

  const ending = (): readonly Buffer[] => [...[...opaque].flatMap(opaqueFolder), Buffer.alloc(2 * blockBytes)];

  const reader = createWantReader(nextHeader);
  const push = (chunk: Buffer): readonly Buffer[] => {
    out = [];
    reader.push(chunk);
    // After the entries, whose refusals say more.
    guard.admitBytes(chunk.length);
    return out;
  };
  const end = (): readonly Buffer[] => {
    const { kind, held, missing } = reader.state();
    if (kind === "nothing") return [];
    const onlyPaddingLacks = kind === "pieces" && missing < blockBytes && missing <= padding;
    // Of the headers of an entry that does not come nothing was handed on.
    if (kind === "pieces" ? !onlyPaddingLacks : held > 0 || raw.length > 0) throw invalid("it ends inside an entry");
    return [Buffer.alloc(onlyPaddingLacks ? missing : 0), ...ending()];
  };
  return { push, end };
}

function joined(parent: string, name: string): string {
  return parent === "" ? name : `${parent}/${name}`;
}

function emptyFile(path: string): readonly Buffer[] {
  return generated(path, "0", nobodys, new Map());
}

function attributesOf(records: PaxRecords): PaxRecords {
  return new Map([...records].filter(([key]) => key === "mtime" || key.startsWith("SCHILY.xattr.")));
}

function generated(
  path: string,
  type: string,
  folder: Omit<Folder, "attributes">,
  records: PaxRecords,
): readonly Buffer[] {
  const { mode, uid, gid, mtime } = folder;
  const all = new Map([...records, ["path", Buffer.from(path)]]);
  return [buildPax(all), buildHeader({ name: path, linkName: "", type, mode, uid, gid, size: 0, mtime })];
}
