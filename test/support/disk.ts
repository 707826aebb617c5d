import { readdirSync, readFileSync, statSync } from "node:fs";

/** A whole disk of this machine, as `/dev/…`, which may be limited; nothing is read from it or written to it. */
export function someDisk(): string {
  const found = readdirSync("/sys/block").find((name) => {
    const isThere = statSync(`/dev/${name}`, { throwIfNoEntry: false })?.isBlockDevice() ?? false;
    return isThere && Number(readFileSync(`/sys/block/${name}/size`, "utf8")) > 0;
  });
  if (found === undefined) throw new TypeError("this machine shows no disk in /dev, and limits of block I/O need one");
  return `/dev/${found}`;
}
