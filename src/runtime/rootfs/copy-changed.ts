import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { RuncibleError } from "../../internal/errors";
import { exitOf, spawnTool } from "../../internal/exec";

const environment = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };
const attributes = ["--numeric-owner", "--xattrs", "--xattrs-include=*"];

/**
 * Copies a tree but for what is unchanged. A container may write meanwhile, with bad intent too: GNU tar goes down by
 * open folders and follows no link, which it would on the way to files that it is told by name.
 */
export async function copyChanged(request: {
  readonly from: string;
  readonly to: string;
  /** From the root, with a leading slash; of a folder, all that is in it. */
  readonly unchanged: readonly string[];
}): Promise<void> {
  const { from, to, unchanged } = request;
  const scratch = await mkdtemp(join(dirname(to), "unchanged-"));
  try {
    const list = join(scratch, "list");
    // A name with a line break cannot be listed; copied though unchanged, it does no harm.
    const lines = unchanged.filter((path) => !path.includes("\n")).map((path) => `.${path}\n`);
    await writeFile(list, lines.join(""));
    const only = ["--anchored", "--no-wildcards", `--exclude-from=${list}`];
    const pack = ["--create", "--file=-", "--format=posix", "--ignore-failed-read", "--warning=no-file-ignored"];
    const unpack = ["--extract", "--file=-", "--same-owner", "--same-permissions", "--delay-directory-restore"];
    await piped(
      [...pack, ...attributes, ...only, `--directory=${from}`, "."],
      [...unpack, ...attributes, "--warning=no-timestamp", `--directory=${to}`],
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function piped(packArgs: readonly string[], unpackArgs: readonly string[]): Promise<void> {
  const pack = spawnTool("tar", packArgs, { stdio: ["ignore", "pipe", "pipe"], env: environment });
  const unpack = spawnTool("tar", unpackArgs, { stdio: ["pipe", "ignore", "pipe"], env: environment });
  const said = [pack, unpack].map((child) => {
    const chunks: Buffer[] = [];
    child.stderr?.on("data", (chunk: Buffer) => chunks.push(chunk));
    return chunks;
  });
  const ended = Promise.all([exitOf(pack, "tar"), exitOf(unpack, "tar")]);
  ended.catch(() => {});
  if (pack.stdout === null || unpack.stdin === null) {
    throw new RuncibleError("internal", "copy what a container wrote: tar has no pipes");
  }
  // A tar that goes away breaks the pipe; its exit code is the reason.
  await pipeline(pack.stdout, unpack.stdin).catch(() => {});
  const [packed, unpacked] = await ended;
  // 1: a file changed or went away while it was read.
  if ((packed.exitCode === 0 || packed.exitCode === 1) && unpacked.exitCode === 0) return;
  const stderr = Buffer.concat(said.flat()).toString("utf8").slice(-8192);
  throw new RuncibleError("command-failed", `copy what a container wrote: tar: ${stderr.trim().split("\n")[0] ?? ""}`, {
    evidence: { stderr },
  });
}
