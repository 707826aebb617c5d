import { hasCode, messageOf } from "../../internal/errors";
import { runUnchecked } from "../../internal/exec";
import { type Finding, isAtLeast, type Machine, missing, ok } from "./finding";

export interface Tool {
  readonly command: string;
  /** Arguments that make it tell its version; programs that have no such argument are just run. */
  readonly versionArguments: readonly string[];
  /** Where the version stands in its output. */
  readonly versionPattern?: RegExp;
  readonly oldest?: string;
  /** Debian's name. */
  readonly package: string;
  /** Only engines of ordinary users run it. */
  readonly isForUsersOnly?: boolean;
}

export const tools: readonly Tool[] = [
  {
    command: "runc",
    versionArguments: ["--version"],
    versionPattern: /^runc version (\d+\.\d+\.\d+)/m,
    oldest: "1.1",
    package: "runc",
  },
  { command: "ip", versionArguments: ["-V"], versionPattern: /iproute2-(\S+?),?\s/, package: "iproute2" },
  { command: "nft", versionArguments: ["--version"], versionPattern: /nftables v(\S+)/, package: "nftables" },
  {
    command: "unshare",
    versionArguments: ["--version"],
    versionPattern: /util-linux (\S+)/,
    oldest: "2.36",
    package: "util-linux",
  },
  {
    command: "tar",
    versionArguments: ["--version"],
    versionPattern: /GNU tar\) (\S+)/,
    oldest: "1.29",
    package: "tar",
  },
  { command: "newuidmap", versionArguments: [], package: "uidmap", isForUsersOnly: true },
];

/** Node itself. */
export async function examineNode(version: string): Promise<Finding> {
  if (isAtLeast(version, "20.18")) return ok("node", version);
  return missing("node", `${version} is older than 20.18`, "run: sudo npm install --global n && sudo n 20");
}

export async function examineTool(tool: Tool, { uid }: Machine): Promise<Finding> {
  const remedy = `run: sudo apt-get install ${tool.package}`;
  const output = await outputOf(tool);
  if (output === undefined) {
    if (tool.isForUsersOnly && uid === 0) {
      return { name: tool.command, state: "optional", detail: "not installed, only ordinary users need it", remedy };
    }
    return missing(tool.command, "not installed", remedy);
  }
  if (tool.versionPattern === undefined) return ok(tool.command, "installed");
  const version = tool.versionPattern.exec(output)?.[1];
  if (version === undefined)
    return missing(tool.command, "installed, but not the implementation that is needed", remedy);
  if (tool.oldest !== undefined && !isAtLeast(version, tool.oldest)) {
    return missing(tool.command, `${version} is older than ${tool.oldest}`, remedy);
  }
  return ok(tool.command, version);
}

/** Undefined: not installed. */
async function outputOf({ command, versionArguments }: Tool): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await runUnchecked(command, versionArguments, { timeoutMs: 10_000 });
    return `${stdout}${stderr}`;
  } catch (error) {
    return hasCode(error, "tool-missing") ? undefined : messageOf(error);
  }
}
