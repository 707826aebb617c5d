import { mkdir } from "node:fs/promises";
import { mountFilesystem } from "./rootfs/mount-tool";

/**
 * A folder for what must not outlive the engine: pid files, network namespaces, runc's state. As a tmpfs in the
 * engine's own mount namespace it goes with the engine, whatever happens.
 */
export async function mountRunFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o711 });
  const options = ["mode=0711", "size=256m", "nosuid", "nodev"];
  await mountFilesystem({ type: "tmpfs", source: "runcible", target: path, options });
}
