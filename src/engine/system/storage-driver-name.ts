import type { RootfsDriverName } from "../../runtime/rootfs/rootfs";

/** Docker's names, where it has a driver that does the same. */
const names: Readonly<Record<RootfsDriverName, string>> = {
  overlay: "overlay2",
  "fuse-overlayfs": "fuse-overlayfs",
  copy: "vfs",
};

/** What clients are told of the way in which roots are made. */
export function storageDriverName(driver: { readonly name: RootfsDriverName }): string {
  return names[driver.name];
}
