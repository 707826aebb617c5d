import { RuncibleError } from "../../internal/errors";
import { buildPax, type PaxRecords, parsePax } from "./pax";
import type { ProgramScan } from "./program-scan";
import { blockBytes, buildHeader, isZeroBlock, paddingOf, parseHeader, type TarHeader } from "./tar-header";

/**
 * Turns GNU tar's stream of an overlay's upper folder into the stream of a layer: the inverse of `createTarFilter`.
 * A character device 0/0 becomes a whiteout, an opaque folder gets its marker, and what overlayfs keeps in attributes
 * is left out, and so is the root's own entry.
 */
export interface DiffFilter {
  /** Pieces of the layer, views on `chunk` where possible. Throws `layer-invalid`. */
  push(chunk: Buffer): readonly Buffer[];
  /** Throws `layer-invalid` when the stream stopped inside an entry. */
  end(): void;
}

type Step =
  | { readonly kind: "header" }
  | { readonly kind: "extension" }
  | { readonly kind: "data" }
  | { readonly kind: "done" };

const overlayAttribute = /^SCHILY\.xattr\.(trusted|user)\.overlay\./;
const opaqueAttribute = /^SCHILY\.xattr\.(trusted|user)\.overlay\.opaque$/;

/** `scan` sees the content of all files. */
export function createDiffFilter(scan?: ProgramScan): DiffFilter {
  let step: Step = { kind: "header" };
  let rest: Buffer = Buffer.alloc(0);
  let missing = 0;
  /** The pax header of the next entry, as it came, and what it says. */
  let raw: readonly Buffer[] = [];
  let pax: PaxRecords = new Map();

  const push = (chunk: Buffer): readonly Buffer[] => {
    const out: Buffer[] = [];
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (advance(out)) {
      // Each turn takes one header, one extension or a piece of data.
    }
    if (rest.length > 0) rest = Buffer.from(rest);
    return out;
  };

  const take = (length: number): Buffer => {
    const piece = rest.subarray(0, length);
    rest = rest.subarray(length);
    return piece;
  };

  const advance = (out: Buffer[]): boolean => {
    if (rest.length === 0) return false;
    switch (step.kind) {
      case "data": {
        const piece = take(Math.min(missing, rest.length));
        missing -= piece.length;
        out.push(piece);
        scan?.push(piece);
        if (missing === 0) step = { kind: "header" };
        return true;
      }
      case "extension":
        if (rest.length < missing) return false;
        extension(Buffer.from(take(missing)));
        step = { kind: "header" };
        return true;
      case "header":
        if (rest.length < blockBytes) return false;
        header(Buffer.from(take(blockBytes)), out);
        return true;
      case "done":
        // Tar fills its last record with zeros, which say nothing.
        take(rest.length);
        return false;
    }
  };

  const header = (block: Buffer, out: Buffer[]): void => {
    if (isZeroBlock(block)) {
      step = { kind: "done" };
      out.push(Buffer.alloc(2 * blockBytes));
      return;
    }
    const parsed = parseHeader(block);
    if (parsed === undefined) throw new RuncibleError("layer-invalid", "pack layer: tar wrote no tar archive");
    if (parsed.type === "x") {
      raw = [block];
      missing = parsed.size + paddingOf(parsed.size);
      step = { kind: "extension" };
      return;
    }
    entry(block, parsed, out);
    raw = [];
    pax = new Map();
  };

  const extension = (data: Buffer): void => {
    const records = parsePax(data);
    if (records === undefined) throw new RuncibleError("layer-invalid", "pack layer: tar wrote a malformed pax header");
    pax = records;
    raw = [...raw, data];
  };

  const entry = (block: Buffer, parsed: TarHeader, out: Buffer[]): void => {
    const name = pax.get("path")?.toString("utf8") ?? parsed.name;
    if (name === "./") return;
    if (parsed.type === "3" && isDevice00(block)) {
      out.push(...marker(sibling(name, `.wh.${baseOf(name)}`)));
      return;
    }
    const clean: PaxRecords = new Map([...pax].filter(([key]) => !overlayAttribute.test(key)));
    if (clean.size === pax.size) out.push(...raw);
    else if (clean.size > 0) out.push(buildPax(clean));
    out.push(block);
    if (parsed.type === "5" && [...pax.keys()].some((key) => opaqueAttribute.test(key))) {
      out.push(...marker(`${name.replace(/\/$/, "")}/.wh..wh..opq`));
    }
    const size = "123456".includes(parsed.type) ? 0 : Number(pax.get("size")?.toString() ?? parsed.size);
    scan?.begin();
    missing = size + paddingOf(size);
    step = missing === 0 ? { kind: "header" } : { kind: "data" };
  };

  const end = (): void => {
    if (step.kind !== "done") throw new RuncibleError("layer-invalid", "pack layer: tar stopped inside the archive");
  };
  return { push, end };
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
