import type { CgroupSample } from "./cgroup-sample";

/** Everything that runs in one container. */
export interface ProcessGroup {
  /** Whether the kernel killed a process in it for want of memory. Ask before `remove`. */
  wasOutOfMemory(): Promise<boolean>;
  /** What it uses now. A group that is gone uses nothing. */
  sample(): Promise<CgroupSample>;
  /** Process ids as the engine sees them, in no order. */
  processes(): Promise<readonly number[]>;
  /**
   * Kills what still runs in it, and what the kernel keeps of it goes. Idempotent. Throws `timeout` when processes will
   * not die.
   */
  remove(): Promise<void>;
}
