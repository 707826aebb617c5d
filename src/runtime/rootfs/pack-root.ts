import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { RuncibleError } from "../../internal/errors";
import { exitOf, spawnTool } from "../../internal/exec";

const tarArgs = [
  "--create",
  "--file=-",
  "--format=posix",
  // Times that reading changes.
  "--pax-option=delete=atime,delete=ctime",
  "--sort=name",
  "--numeric-owner",
  "--xattrs",
  "--xattrs-include=*",
  "--warning=no-file-ignored",
  // What the container takes away while it is read is no failure of the whole.
  "--ignore-failed-read",
  // Names begin without "./", as Docker's do; only the root itself has it.
  "--transform=flags=rh;s,^\\./,,",
  ".",
];

/**
 * A mounted root as tar; what containers have mounted over it, in namespaces of their own, is not there. Its container
 * may write meanwhile, with bad intent too: GNU tar goes down by open folders, follows no link, and takes what changes
 * under its hands as it finds it, or leaves it out. The reader may destroy the stream at any time.
 */
export function packRoot(root: string, signal: AbortSignal): Readable {
  const through = new PassThrough();
  const tar = spawnTool("tar", tarArgs, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
    signal,
  });
  const ended = exitOf(tar, "tar");
  let stderr = "";
  tar.stderr?.on("data", (chunk: Buffer) => {
    if (stderr.length < 8192) stderr += chunk.toString("utf8");
  });
  const { stdout } = tar;
  if (stdout === null) throw new RuncibleError("internal", "export root: tar has no output");
  through.once("close", () => tar.kill("SIGKILL"));
  Promise.all([ended, pipeline(stdout, through, { end: false })]).then(
    ([{ exitCode }]) => {
      // 1: a file changed or went away while it was read.
      if (exitCode === 0 || exitCode === 1) through.end();
      else through.destroy(packFailed(stderr));
    },
    (error: unknown) => through.destroy(error instanceof Error ? error : undefined),
  );
  return through;
}

function packFailed(stderr: string): RuncibleError {
  return new RuncibleError("command-failed", `export root: tar: ${stderr.trim().split("\n")[0] ?? ""}`, {
    evidence: { stderr },
  });
}
