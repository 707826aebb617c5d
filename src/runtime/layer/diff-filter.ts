import { RuncibleError } from "../../internal/errors";
import { createMarksInOrder } from "./marks-in-order";
import { buildPax, type PaxRecords, parsePax } from "./pax";
import type { ProgramScan } from "./program-scan";
import { blockBytes, buildHeader, isZeroBlock, paddingOf, parseHeader, type TarHeader } from "./tar-header";
import { createWantReader, type Want } from "./want-reader";

/**
 * Turns GNU tar's stream of an overlay's upper folder into the stream of a layer: the inverse of `createTarFilter`.
 * A character device 0/0 becomes a whiteout, and what overlays keep in attributes is left out, and so is the root's own
 * entry. Whether an opaque folder gets its marker is for the caller to say.
 */
export interface DiffFilter {
  /** Pieces of the layer, views on `chunk` where possible. Throws `layer-invalid`. */
  push(chunk: Buffer): readonly LayerPiece[];
  /** Throws `layer-invalid` when the stream stopped inside an entry. */
  end(): void;
}

/** Bytes, or the place where the marker of a folder belongs that would hide what lies below it: see `opaqueMarker`. */
export type LayerPiece = Buffer | OpaqueFolder;

export interface OpaqueFolder {
  /** From the root, without a leading slash. */
  readonly path: string;
}

const overlayAttribute = /^SCHILY\.xattr\.(trusted|user)\.(overlay|fuseoverlayfs)\./;
const opaqueAttribute = /^SCHILY\.xattr\.(trusted|user)\.(overlay|fuseoverlayfs)\.opaque$/;

const markPrefix = ".wh.";
const opaqueName = `${markPrefix}.wh..opq`;

/** `scan` sees the content of all files. */
export function createDiffFilter(scan?: ProgramScan): DiffFilter {
  /** The pax header of the next entry, as it came, and what it says. */
  let raw: readonly Buffer[] = [];
  let pax: PaxRecords = new Map();
  const marked = new Set<string>();
  const marks = createMarksInOrder<readonly LayerPiece[]>();

  let out: LayerPiece[] = [];

  const header = (block: Buffer): Want => {
    if (isZeroBlock(block)) {
      out.push(...marks.rest().flat(), Buffer.alloc(2 * blockBytes));
      // Tar fills its last record with zeros, which say nothing.
      return { kind: "nothing" };
    }
    const parsed = parseHeader(block);
    if (parsed === undefined) throw new RuncibleError("layer-invalid", "pack layer: tar wrote no tar archive");
    if (parsed.type === "x") {
      raw = [Buffer.from(block)];
      return { kind: "whole", bytes: parsed.size + paddingOf(parsed.size), next: extension };
    }
    const dataBytes = entry(Buffer.from(block), parsed);
    raw = [];
    pax = new Map();
    return dataBytes === 0 ? nextHeader : { kind: "pieces", bytes: dataBytes, each: data, next: () => nextHeader };
  };

  const nextHeader: Want = { kind: "whole", bytes: blockBytes, next: header };

  const data = (piece: Buffer): void => {
    out.push(piece);
    scan?.push(piece);
  };

  const extension = (piece: Buffer): Want => {
    const data = Buffer.from(piece);
    const records = parsePax(data);
    if (records === undefined) throw new RuncibleError("layer-invalid", "pack layer: tar wrote a malformed pax header");
    pax = records;
    raw = [...raw, data];
    return nextHeader;
  };

  /** fuse-overlayfs says the same in several ways. */
  const mark = (name: string): void => {
    if (marked.has(name)) return;
    marked.add(name);
    const base = baseOf(name);
    if (base === opaqueName) marks.add(name, [{ path: name.slice(0, -opaqueName.length - 1) }]);
    else marks.add(sibling(name, base.slice(markPrefix.length)), marker(name));
  };

  /** How many bytes of content follow, the last block filled. */
  const entry = (block: Buffer, parsed: TarHeader): number => {
    const name = pax.get("path")?.toString("utf8") ?? parsed.name;
    if (name === "./") return 0;
    out.push(...marks.upTo(name.replace(/\/$/, "")).flat());
    const isDevice = parsed.type === "3" && isDevice00(block);
    // Written by fuse-overlayfs, or a driver of ours that marks deletions by names: the same layer whoever made it.
    if ((isDevice || (parsed.type === "0" && parsed.size === 0)) && baseOf(name).startsWith(markPrefix)) {
      if (baseOf(name) !== ".wh..opq") mark(name);
      return 0;
    }
    if (isDevice) {
      mark(sibling(name, `${markPrefix}${baseOf(name)}`));
      return 0;
    }
    const clean: PaxRecords = new Map([...pax].filter(([key]) => !overlayAttribute.test(key)));
    if (clean.size === pax.size) out.push(...raw);
    else if (clean.size > 0) out.push(buildPax(clean));
    out.push(block);
    if (parsed.type === "5" && [...pax.keys()].some((key) => opaqueAttribute.test(key))) {
      mark(`${name.replace(/\/$/, "")}/${opaqueName}`);
    }
    const size = "123456".includes(parsed.type) ? 0 : Number(pax.get("size")?.toString() ?? parsed.size);
    scan?.begin();
    return size + paddingOf(size);
  };

  const reader = createWantReader(nextHeader);
  const push = (chunk: Buffer): readonly LayerPiece[] => {
    out = [];
    reader.push(chunk);
    return out;
  };
  const end = (): void => {
    if (reader.state().kind !== "nothing")
      throw new RuncibleError("layer-invalid", "pack layer: tar stopped inside the archive");
  };
  return { push, end };
}

/** Says that a folder hides what lies below it. */
export function opaqueMarker({ path }: OpaqueFolder): readonly Buffer[] {
  return marker(path === "" ? opaqueName : `${path}/${opaqueName}`);
}

/** An empty file: what a layer says by a name alone. */
function marker(name: string): readonly Buffer[] {
  const header = buildHeader({ name, linkName: "", type: "0", mode: 0, uid: 0, gid: 0, size: 0, mtime: 0 });
  return Buffer.byteLength(name) > 100 ? [buildPax(new Map([["path", Buffer.from(name)]])), header] : [header];
}

function isDevice00(block: Buffer): boolean {
  const number = (start: number): number =>
    Number.parseInt(
      block
        .subarray(start, start + 8)
        .toString("latin1")
        .replace(/[^0-7]/g, "") || "0",
      8,
    );
  return number(329) === 0 && number(337) === 0;
}

function baseOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

function sibling(name: string, base: string): string {
  return name.slice(0, name.lastIndexOf("/") + 1) + base;
}
