/**
 * The joint between parts: rootfs and volumes emit mounts, the mount tool and runc consume them.
 * `options` are as in mount(8) and the OCI runtime specification, one option per element.
 */
export interface Mount {
  readonly type: string;
  readonly source: string;
  /**
   * Of a bind: the folder that holds `source` and that no link on the way may lead out of. Absent: links are trusted.
   */
  readonly root?: string;
  readonly target: string;
  readonly options: readonly string[];
}
