import { perform } from "../../internal/perform";
import { isExhaustion } from "../../internal/system-error";
import type { IpCommands } from "./link-plan";

/**
 * Runs `ip` commands in a network namespace, all in one process; stops at the first that fails and throws
 * `command-failed`.
 */
export async function ipBatch(commands: IpCommands, namespacePath?: string): Promise<void> {
  if (commands.length === 0) return;
  await inNamespace(namespacePath, ["ip", "-batch", "-"], commands.map((line) => `${line}\n`).join(""));
}

export interface NamespaceBatch {
  readonly namespacePath: string;
  readonly commands: IpCommands;
}

/**
 * Feeds each batch to `ip` in its namespace; stops at the first that fails. Arguments: namespace, commands, and so on.
 */
const batchesScript = `
while [ $# -gt 0 ]; do
  printf '%s' "$2" | nsenter "--net=$1" -- ip -batch - || exit $?
  shift 2
done
`;

/**
 * Batches in several namespaces, in their order, for one spawn of ours: from a process of this size the spawn is what
 * costs.
 */
export async function ipBatches(batches: readonly NamespaceBatch[]): Promise<void> {
  const filled = batches.filter(({ commands }) => commands.length > 0);
  if (filled.length === 0) return;
  const args = filled.flatMap(({ namespacePath, commands }) => [
    namespacePath,
    commands.map((line) => `${line}\n`).join(""),
  ]);
  await perform("sh", ["-c", batchesScript, "ip-batches", ...args]);
}

/** Goes on past what is gone already. Throws only when the machine is used up: to be tried again, see `cleanUp`. */
export async function ipBatchForced(commands: IpCommands, namespacePath?: string): Promise<void> {
  if (commands.length === 0) return;
  const input = commands.map((line) => `${line}\n`).join("");
  await inNamespace(namespacePath, ["ip", "-force", "-batch", "-"], input).catch((error: unknown) => {
    if (isExhaustion(error)) throw error;
  });
}

/** Loads a set of nft rules as one transaction. */
export async function loadRules(rules: string, namespacePath: string): Promise<void> {
  await inNamespace(namespacePath, ["nft", "-f", "-"], rules);
}

async function inNamespace(path: string | undefined, command: readonly string[], input: string): Promise<void> {
  if (path === undefined) {
    const [program = "", ...args] = command;
    await perform(program, args, { input });
  } else {
    await perform("nsenter", [`--net=${path}`, "--", ...command], { input });
  }
}
