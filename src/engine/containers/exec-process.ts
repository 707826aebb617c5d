import { RuncibleError } from "../../internal/errors";
import type { ContainerRun } from "../../runtime/container";
import type { HubChunk } from "../../runtime/process/hub";
import { pumpOutput } from "../../runtime/process/pump";
import type { RuncProcess } from "../../runtime/runc/runc";
import { execProcess } from "../../runtime/runc/spec";
import { resolveUser } from "../../runtime/runc/users";
import type { ExecSpec } from "../routes/exec-service";
import type { TerminalSize } from "../routes/stream-types";
import type { Container } from "./container";
import type { ContainerContext } from "./context";

export interface ExecRequest {
  readonly spec: Pick<ExecSpec, "command" | "environment" | "user" | "workingDir" | "tty" | "privileged">;
  readonly hasStdin: boolean;
  readonly size?: TerminalSize;
}

const defaultTerminal: TerminalSize = { rows: 24, columns: 80 };

/** Starts a further process in a running container. Throws what `Runc.exec` and `resolveUser` throw. */
export async function startExec(
  context: ContainerContext,
  container: Container,
  run: ContainerRun,
  { spec, hasStdin, size }: ExecRequest,
): Promise<RuncProcess> {
  if (run.spec === undefined) {
    throw new RuncibleError(
      "not-implemented",
      `exec in ${container.name}: the engine itself stands in for this container`,
    );
  }
  const user = spec.user ? await resolveUser(container.rootPath, spec.user) : undefined;
  const environment = user === undefined ? spec.environment : [`HOME=${user.home}`, ...spec.environment];
  const process = execProcess(run.spec, {
    args: spec.command,
    env: environment,
    tty: spec.tty,
    isPrivileged: spec.privileged,
    ...(spec.workingDir ? { cwd: spec.workingDir } : {}),
    ...(user === undefined ? {} : { user }),
  });
  return await context.runtime.runc.exec({
    id: container.id,
    process,
    hasStdin,
    ...(spec.tty ? { tty: size ?? defaultTerminal } : {}),
  });
}

const probeOutputLimit = 4096;

/** Runs a program in the container as health checks do; killed when the signal says so. */
export async function execProbe(
  context: ContainerContext,
  container: Container,
  run: ContainerRun,
  probe: { readonly command: readonly string[]; readonly signal: AbortSignal },
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const spec = { command: probe.command, environment: [], tty: false, privileged: false };
  const process = await startExec(context, container, run, { spec, hasStdin: false });
  const kill = (): void => process.kill("SIGKILL");
  probe.signal.addEventListener("abort", kill, { once: true });
  // The time may have been up before the process ran.
  if (probe.signal.aborted) kill();
  let output = "";
  const deliver = async ({ data }: HubChunk): Promise<void> => {
    if (output.length < probeOutputLimit) output += Buffer.from(data).toString("utf8");
  };
  try {
    await pumpOutput(process, { deliver, hurry: () => {} });
    return { exitCode: (await process.exited).exitCode, output };
  } finally {
    probe.signal.removeEventListener("abort", kill);
  }
}
