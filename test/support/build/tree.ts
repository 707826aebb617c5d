import { pipeline, type Readable, type Writable } from "node:stream";
import { extract, type Header } from "tar-stream";

/**
 * The entries of a root as text, in order: `drwxr-xr-x 0:0 etc/`, `-rw-r--r-- 0:0 etc/a = content`,
 * `l 0:0 etc/b -> a`. Of long or binary files the size stands for the content; a hard link is the file that it is.
 */
export async function treeOf(tar: Readable): Promise<readonly string[]> {
  const lines: string[] = [];
  const contents = new Map<string, Buffer>();
  const parser = extract();
  pipeline(tar, parser as unknown as Writable, () => {});
  for await (const entry of parser) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    const { type, name, linkname } = entry.header;
    const content = type === "link" ? contents.get(pathOf(linkname ?? "")) : Buffer.concat(chunks);
    if (content !== undefined) contents.set(pathOf(name), content);
    const line = lineOf(entry.header, content ?? Buffer.alloc(0));
    if (line !== undefined) lines.push(line);
  }
  return lines.sort((left, right) => (pathIn(left) < pathIn(right) ? -1 : 1));
}

/** What `tree` has and `base` has not. */
export function beyond(tree: readonly string[], base: readonly string[]): readonly string[] {
  const known = new Set(base);
  return tree.filter((line) => !known.has(line));
}

function lineOf({ name, type, mode = 0, uid, gid, linkname }: Header, content: Buffer): string | undefined {
  const path = pathOf(name);
  if (path === "") return undefined;
  const owner = `${uid}:${gid}`;
  switch (type) {
    case "directory":
      return `${permissions("d", mode)} ${owner} ${path}/`;
    case "symlink":
      return `l ${owner} ${path} -> ${linkname}`;
    default: {
      const shown =
        content.length > 200 || content.includes(0) ? `(${content.length} bytes)` : content.toString("utf8");
      return `${permissions("-", mode)} ${owner} ${path} = ${shown.replace(/\n$/, "").replaceAll("\n", "|")}`;
    }
  }
}

function pathOf(name: string): string {
  return name.replace(/^\.?\/+/, "").replace(/\/+$/, "");
}

function permissions(kind: string, mode: number): string {
  return `${kind}${(mode & 0o7777).toString(8).padStart(4, "0")}`;
}

function pathIn(line: string): string {
  return line.split(" ")[2] ?? "";
}
