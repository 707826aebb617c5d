import { createHash } from "node:crypto";
import { join } from "node:path";

/** The kernel allows 107 bytes for the path of a unix socket; a margin is left for what others append. */
const longestSocketPath = 100;

/** Where an engine keeps everything: RUNCIBLE_STATE_DIR, else root's or the user's own folder. Pure. */
export function stateFolderOf(env: Readonly<Record<string, string | undefined>>, uid: number): string {
  const chosen = env["RUNCIBLE_STATE_DIR"];
  if (chosen) return chosen;
  if (uid === 0) return "/var/lib/runcible";
  const data = env["XDG_DATA_HOME"] || join(env["HOME"] || "/", ".local", "share");
  return join(data, "runcible");
}

/** The engine's socket: in the state folder or, when that path is too long for the kernel, below /tmp. Pure. */
export function socketPathOf(stateFolder: string, uid: number): string {
  const path = join(stateFolder, "engine.sock");
  if (Buffer.byteLength(path) <= longestSocketPath) return path;
  const digest = createHash("sha256").update(stateFolder).digest("hex").slice(0, 12);
  return `/tmp/runcible-${uid}-${digest}/engine.sock`;
}
