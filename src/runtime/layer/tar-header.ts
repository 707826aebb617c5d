/** A tar header block: POSIX.1-2017 ustar and pax, with GNU's base-256 numbers. */
export interface TarHeader {
  readonly name: string;
  readonly linkName: string;
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of data that follow in the archive. */
  readonly size: number;
  readonly mtime: number;
  /** Of a device. Default: 0, 0. */
  readonly device?: { readonly major: number; readonly minor: number };
}

export const blockBytes = 512;

export function isZeroBlock(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

/**
 * Undefined when this is no tar header: a wrong checksum, or a number in a form that tools read differently (GNU tar
 * knows base 64 and negative ones).
 */
export function parseHeader(block: Buffer): TarHeader | undefined {
  if (checksumOf(block) !== octal(block, 148, 8)) return undefined;
  const [mode, uid, gid, size] = [
    octal(block, 100, 8),
    octal(block, 108, 8),
    octal(block, 116, 8),
    octal(block, 124, 12),
  ];
  if (mode === undefined || uid === undefined || gid === undefined || size === undefined) return undefined;
  const isUstar = block.subarray(257, 262).toString("latin1") === "ustar";
  // GNU's own magic is "ustar " and uses the prefix field for other things.
  const prefix = isUstar && block[262] === 0 ? text(block, 345, 155) : "";
  const name = text(block, 0, 100);
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    linkName: text(block, 157, 100),
    type: typeOf(block),
    mode,
    uid,
    gid,
    size,
    // A time before 1970 is negative; it is only passed on, so its value does not matter here.
    mtime: octal(block, 136, 12) ?? 0,
  };
}

/** A ustar header. Names must fit, longer ones go into a pax record beside it. */
export function buildHeader(header: TarHeader): Buffer {
  const block = Buffer.alloc(blockBytes);
  block.write(header.name.slice(-100), 0, 100, "utf8");
  writeOctal(block, header.mode & 0o7777, 100, 8);
  writeNumber(block, header.uid, 108, 8);
  writeNumber(block, header.gid, 116, 8);
  writeNumber(block, header.size, 124, 12);
  writeNumber(block, Math.max(0, Math.floor(header.mtime)), 136, 12);
  block.write(header.type, 156, 1, "latin1");
  block.write(header.linkName, 157, 100, "utf8");
  block.write("ustar\0", 257, 6, "latin1");
  block.write("00", 263, 2, "latin1");
  if (header.type === "3" || header.type === "4") {
    writeOctal(block, header.device?.major ?? 0, 329, 8);
    writeOctal(block, header.device?.minor ?? 0, 337, 8);
  }
  writeOctal(block, checksumOf(block), 148, 8);
  return block;
}

/** Bytes up to the next block border. */
export function paddingOf(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}

function typeOf(block: Buffer): string {
  const byte = block[156] ?? 0;
  return byte === 0 ? "0" : String.fromCharCode(byte);
}

function text(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? length : end).toString("utf8");
}

function octal(block: Buffer, start: number, length: number): number | undefined {
  const first = block[start] ?? 0;
  if (first === 0xff) return undefined;
  if (first & 0x80) {
    // Base-256, big endian; the first bit only marks it.
    let value = first & 0x7f;
    for (let index = start + 1; index < start + length; index++) value = value * 256 + (block[index] ?? 0);
    return value;
  }
  const digits = text(block, start, length).trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || "0", 8) : undefined;
}

function writeOctal(block: Buffer, value: number, start: number, length: number): void {
  block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, start, length, "latin1");
}

function writeNumber(block: Buffer, value: number, start: number, length: number): void {
  if (value < 8 ** (length - 1)) {
    writeOctal(block, value, start, length);
    return;
  }
  let rest = value;
  for (let index = start + length - 1; index > start; index--) {
    block[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  block[start] = 0x80;
}

function checksumOf(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let index = 0; index < blockBytes; index++) {
    if (index < 148 || index >= 156) sum += block[index] ?? 0;
  }
  return sum;
}
