import type { LayerForm } from "../layer/tar-filter";
import type { Change } from "./changes";

export interface RootfsRequest {
  /** Unpacked layers, lowest first, absolute folders in the driver's form. */
  readonly layers: readonly string[];
  /** The container's folder; the driver keeps in it what it needs, and the root as `merged`. */
  readonly folder: string;
}

/** Names of drivers, the best first; also the values of RUNCIBLE_ROOTFS. */
export const rootfsDriverNames = ["overlay", "fuse-overlayfs", "copy"] as const;

export type RootfsDriverName = (typeof rootfsDriverNames)[number];

/** Turns layers into a writable root. What one driver wrote, another cannot read. */
export interface RootfsDriver {
  readonly name: RootfsDriverName;
  /** How layers have to lie there for it. */
  readonly form: LayerForm;
  /**
   * Idempotent. Mounting again after an unmount finds what was written before. Throws `invalid-argument` for too many
   * layers.
   */
  mount(request: RootfsRequest): Promise<{ readonly path: string }>;
  /** Keeps what was written. Idempotent. */
  unmount(folder: string): Promise<void>;
  /** What was written, against the layers. */
  changes(request: RootfsRequest): AsyncIterable<Change>;
  /**
   * Lets `use` have the folder that has what was written and nothing else, in the form of a layer. It stays as it is
   * until `use` ends, but for what a mounted root is written to; it may be taken away when the root is unmounted for
   * good. Not to be called for the same root from within `use`.
   */
  written<T>(request: RootfsRequest, use: (upper: string) => Promise<T>): Promise<T>;
}
