import { installCommand } from "../../internal/debian-packages";
import { hasCode, messageOf } from "../../internal/errors";
import { runUnchecked } from "../../internal/exec";
import { found, isAtLeast, type Machine, missing, type Outcome, type Way } from "./finding";

export interface Tool {
  readonly command: string;
  /** Arguments that make it tell its version; programs that have no such argument are just run. */
  readonly versionArguments: readonly string[];
  /** Where the version stands in its output. */
  readonly versionPattern?: RegExp;
  readonly oldest?: string;
  readonly why: string;
  readonly ways: readonly Way[];
}

const both: readonly Way[] = ["root", "user"];

export const tools: readonly Tool[] = [
  {
    command: "runc",
    versionArguments: ["--version"],
    versionPattern: /^runc version (\d+\.\d+\.\d+)/m,
    oldest: "1.1",
    why: "it starts a container's processes",
    ways: both,
  },
  {
    command: "ip",
    versionArguments: ["-V"],
    versionPattern: /iproute2-(\S+?),?\s/,
    why: "container networks",
    ways: both,
  },
  {
    command: "nft",
    versionArguments: ["--version"],
    versionPattern: /nftables v(\S+)/,
    why: "container networks",
    ways: both,
  },
  {
    command: "unshare",
    versionArguments: ["--version"],
    versionPattern: /util-linux (\S+)/,
    oldest: "2.36",
    why: "the engine's namespaces",
    ways: both,
  },
  {
    command: "tar",
    versionArguments: ["--version"],
    versionPattern: /GNU tar\) (\S+)/,
    oldest: "1.29",
    why: "layers are unpacked with it",
    ways: both,
  },
  {
    command: "newuidmap",
    versionArguments: [],
    why: "gives an ordinary user's namespace its range of ids",
    ways: ["user"],
  },
];

/** Node itself. */
export async function examineNode(version: string): Promise<Outcome> {
  if (isAtLeast(version, "20.18")) return found(version);
  return missing(`${version} is older than 20.18`, "run: sudo npm install --global n && sudo n 20");
}

export async function examineTool(tool: Tool, { path }: Machine): Promise<Outcome> {
  const remedy = `run: ${installCommand(tool.command)}`;
  const output = await outputOf(tool, path);
  if (output === undefined) {
    return missing("not installed", remedy);
  }
  if (tool.versionPattern === undefined) return found("installed");
  const version = tool.versionPattern.exec(output)?.[1];
  if (version === undefined) return missing("installed, but not the implementation that is needed", remedy);
  if (tool.oldest !== undefined && !isAtLeast(version, tool.oldest)) {
    return missing(`${version} is older than ${tool.oldest}`, remedy);
  }
  return found(version);
}

/** Undefined: not installed. */
async function outputOf({ command, versionArguments }: Tool, path: string): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await runUnchecked(command, versionArguments, {
      timeoutMs: 10_000,
      env: { PATH: path },
    });
    return `${stdout}${stderr}`;
  } catch (error) {
    return hasCode(error, "tool-missing") ? undefined : messageOf(error);
  }
}
