import { run } from "../../internal/exec";
import type { IpCommands } from "./link-plan";

/** Runs `ip` commands in a network namespace, all in one process; stops at the first that fails and throws `command-failed`. */
export async function ipBatch(commands: IpCommands, namespacePath?: string): Promise<void> {
  if (commands.length === 0) return;
  await inNamespace(namespacePath, ["ip", "-batch", "-"], commands.map((line) => `${line}\n`).join(""));
}

/** Goes on past what is gone already. */
export async function ipBatchForced(commands: IpCommands, namespacePath?: string): Promise<void> {
  if (commands.length === 0) return;
  const input = commands.map((line) => `${line}\n`).join("");
  await inNamespace(namespacePath, ["ip", "-force", "-batch", "-"], input).catch(() => {});
}

/** Loads a set of nft rules as one transaction. */
export async function loadRules(rules: string, namespacePath: string): Promise<void> {
  await inNamespace(namespacePath, ["nft", "-f", "-"], rules);
}

async function inNamespace(path: string | undefined, command: readonly string[], input: string): Promise<void> {
  if (path === undefined) {
    const [program = "", ...args] = command;
    await run(program, args, { input });
  } else {
    await run("nsenter", [`--net=${path}`, "--", ...command], { input });
  }
}
