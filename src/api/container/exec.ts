import { StringDecoder } from "node:string_decoder";
import type { EngineClient } from "../../client/client";
import { readOutput } from "../../client/output";
import { execLog } from "../log";

export type ExecOptions = {
  workingDir: string;
  /** Name or number, optionally with a group: `u`, `u:g`. */
  user: string;
  env: { [key: string]: string };
};

export type ExecResult = {
  /** Both streams in the order of arrival. */
  output: string;
  stdout: string;
  stderr: string;
  /** -1 when the daemon tells none. */
  exitCode: number;
};

/** Runs a command in a running container to its end. Missing programs give exit code 126 or 127, no error. */
export async function execIn(
  engine: EngineClient,
  containerId: string,
  command: readonly string[],
  { workingDir, user, env }: Partial<ExecOptions> = {},
  signal?: AbortSignal,
): Promise<ExecResult> {
  const { Id } = await engine.exec.create(containerId, {
    Cmd: command,
    AttachStdout: true,
    AttachStderr: true,
    ...(workingDir === undefined ? {} : { WorkingDir: workingDir }),
    ...(user === undefined ? {} : { User: user }),
    ...(env === undefined ? {} : { Env: Object.entries(env).map(([key, value]) => `${key}=${value}`) }),
  });
  const text = { output: "", stdout: "", stderr: "" };
  const decoders = { stdout: new StringDecoder("utf8"), stderr: new StringDecoder("utf8") };
  const add = (stream: "stdout" | "stderr", piece: string): void => {
    text[stream] += piece;
    if (piece.trim() !== "") execLog.trace(piece.trim(), { containerId });
    text.output += piece;
  };
  for await (const { stream, payload } of readOutput(await engine.exec.start(Id, signal))) {
    if (stream !== "stdin") add(stream, decoders[stream].write(payload));
  }
  add("stdout", decoders.stdout.end());
  add("stderr", decoders.stderr.end());
  const { ExitCode } = await engine.exec.inspect(Id);
  return { ...text, exitCode: ExitCode ?? -1 };
}
