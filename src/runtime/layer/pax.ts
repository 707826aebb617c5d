import { blockBytes, buildHeader, paddingOf } from "./tar-header";

/** Pax extended header records. Values are bytes: extended attributes are binary. */
export type PaxRecords = ReadonlyMap<string, Buffer>;

/** Undefined when the records are malformed. */
export function parsePax(data: Buffer): PaxRecords | undefined {
  const records = new Map<string, Buffer>();
  let position = 0;
  while (position < data.length && data[position] !== 0) {
    const blank = data.indexOf(0x20, position);
    const length = Number(data.subarray(position, blank).toString("latin1"));
    const end = position + length;
    const equals = data.indexOf(0x3d, blank);
    if (blank < 0 || !(length > 0) || end > data.length || equals < 0 || equals >= end) return undefined;
    records.set(data.subarray(blank + 1, equals).toString("utf8"), data.subarray(equals + 1, end - 1));
    position = end;
  }
  return records;
}

/** A whole pax header entry: header block, records, padding. */
export function buildPax(records: PaxRecords): Buffer {
  const data = Buffer.concat([...records].map(([key, value]) => record(key, value)));
  const header = buildHeader({
    name: "PaxHeader",
    linkName: "",
    type: "x",
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: data.length,
    mtime: 0,
  });
  return Buffer.concat([header, data, Buffer.alloc(paddingOf(data.length) % blockBytes)]);
}

/** The length counts its own digits. */
function record(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from("\n")]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}
