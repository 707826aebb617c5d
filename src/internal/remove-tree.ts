import { rm } from "node:fs/promises";
import { hasCode } from "./errors";
import { perform } from "./perform";

/**
 * Removes a file, or a folder with all that is in it; nothing at the path is fine. A container may make a tree that is
 * deeper than a path may be long: Node goes by paths, and gives up there; the program goes down folder by folder.
 * `maxRetries`: for what others may still write to; default: 0.
 */
export async function removeTree(
  path: string,
  { maxRetries = 0 }: { readonly maxRetries?: number } = {},
): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries });
  } catch (error) {
    if (!hasCode(error, "ENAMETOOLONG")) throw error;
    await perform("rm", ["--recursive", "--force", "--", path]);
  }
}
