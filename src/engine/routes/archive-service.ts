import type { Readable } from "node:stream";
import type { PathStat } from "../../wire/path-stat";

/**
 * Files of a container in and out, as tar. Works on created, running and exited containers; volumes and binds are seen
 * where they are mounted. Links are resolved inside the container's root, never outside. Throws `container-not-found`.
 */
export interface ArchiveService {
  /**
   * A link is described itself, with its target. Throws `path-not-found` ("Could not find the file … in container …").
   */
  stat(ref: string, path: string): Promise<PathStat>;

  /**
   * `/etc` gives entries `etc/…`, `/etc/.` gives `./…`. The reader may destroy `tar` at any time. Throws as `stat`,
   * before anything is streamed.
   */
  read(ref: string, path: string, signal: AbortSignal): Promise<{ readonly stat: PathStat; readonly tar: Readable }>;

  /**
   * Unpacks into the existing folder `path`; missing parents inside the archive become root's, 0755; owners and modes
   * are those of the archive. `tar` may be compressed (gzip, bzip2, xz). Throws `path-not-found`, `invalid-argument`
   * (no folder, no tar), `permission-denied` when the root is read-only and `path` is in no volume.
   */
  write(ref: string, path: string, tar: Readable, options: ArchiveWriteOptions): Promise<void>;
}

export interface ArchiveWriteOptions {
  /** A folder is never replaced by a file, nor the other way round. */
  readonly noOverwriteDirNonDir: boolean;
  /** Give what is written to the container's user instead of the archive's owners. */
  readonly copyOwner: boolean;
  readonly signal: AbortSignal;
}
