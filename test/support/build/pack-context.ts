import type { Readable } from "node:stream";
import { pack } from "tar-stream";

export interface Entry {
  readonly name: string;
  readonly type: "file" | "symlink";
  readonly linkname?: string;
}

/** A build context: files by name, or whole headers for what no honest client sends. */
export function packContext(
  files: Readonly<Record<string, string | Buffer>>,
  entries: readonly Entry[] = [],
): Readable {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, content);
  for (const header of entries) tar.entry({ ...header }, header.type === "file" ? "hostile\n" : "");
  tar.finalize();
  return tar as unknown as Readable;
}
