import { type RunResult, runUnchecked } from "../../src/internal/exec";

/**
 * A folder that is not there and that nobody can make: docker makes its own where root lets it, for ever after in
 * others' way.
 */
export const noFolder = "/proc/nonexistent";

export type DockerCommand = (args: readonly string[], input?: string | Buffer) => Promise<RunResult>;

/** The docker command line on a daemon; `configFolder` has its logins. */
export function dockerOn(host: string, configFolder = noFolder): DockerCommand {
  const env = { PATH: process.env["PATH"], HOME: noFolder, DOCKER_HOST: host, DOCKER_CONFIG: configFolder };
  return (args, input) =>
    runUnchecked("docker", args, { env, timeoutMs: 120_000, ...(input === undefined ? {} : { input }) });
}

/** As `DockerCommand`, but anything but success is thrown. */
export async function must(docker: DockerCommand, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await docker(args);
  if (exitCode !== 0) throw new TypeError(`docker ${args.join(" ")}: exit code ${exitCode}: ${stderr}`);
  return stdout.trim();
}
