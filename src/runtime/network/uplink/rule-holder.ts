import { deferred } from "../../../internal/deferred";
import { messageOf, RuncibleError } from "../../../internal/errors";
import { exitOf, isMissingBehind, spawnTool, toolMissing } from "../../../internal/exec";
import type { RunningPart } from "./keep-running";

/**
 * Puts rules in the host's namespace that vanish with this process, however it ends: the table has an owner (nft's
 * flag), a process that reads its commands from our pipe and ends with it.
 */
export async function holdRules(table: string, commands: string): Promise<RunningPart> {
  // An interactive nft would write a history to the user's home.
  const child = spawnTool("env", ["HOME=/dev/null", "nft", "-i"], { stdio: ["pipe", "pipe", "pipe"], detached: true });
  const applied = deferred();
  const problems: string[] = [];
  child.stderr?.on("data", (chunk: Buffer) => problems.push(chunk.toString("utf8")));
  child.stdout?.once("data", () => applied.resolve());
  child.stdin?.on("error", () => {});
  let isClosing = false;
  const exit = exitOf(child, "nft");
  const ended = exit.then(
    ({ exitCode }) => {
      const result = { exitCode: exitCode ?? 0, stdout: "", stderr: problems.join("") };
      const isMissing = isMissingBehind("env", "nft", result);
      applied.reject(isMissing ? toolMissing("nft") : rulesRefused(table, problems));
    },
    (error: unknown) => applied.reject(rulesRefused(table, [messageOf(error)], error)),
  );
  const lost = new Promise<string>((resolve) => {
    exit.then(
      ({ exitCode, signal }) => {
        if (!isClosing) resolve(`exit code ${exitCode ?? signal}: ${problems.join(" ").trim()}`);
      },
      () => {},
    );
  });
  // The list is printed after everything before it was done; a table that is not there prints an error alone.
  child.stdin?.write(`${commands}list table ip ${table}\n`);
  child.stderr?.once("data", () => child.stdin?.end());
  await applied.promise;
  child.stdout?.resume();
  const close = async (): Promise<void> => {
    isClosing = true;
    child.stdin?.end();
    await ended;
  };
  if (problems.length === 0) return { lost, close };
  await close();
  throw rulesRefused(table, problems);
}

function rulesRefused(table: string, problems: readonly string[], cause?: unknown): RuncibleError {
  return new RuncibleError(
    "capability-missing",
    `set up container network: nft refuses table ${table}: ${problems.join(" ").trim()}; the kernel needs nf_tables with NAT and owned tables (Linux 5.12)`,
    { cause },
  );
}
