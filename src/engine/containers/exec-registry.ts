import { hasCode, messageOf, RuncibleError } from "../../internal/errors";
import { randomId } from "../../internal/ids";
import type { ContainerRun } from "../../runtime/container";
import { createHub, type Hub } from "../../runtime/process/hub";
import { pumpOutput } from "../../runtime/process/pump";
import type { RuncProcess } from "../../runtime/runc/runc";
import { execAlreadyRan, noSuchExec } from "../../wire/docker-errors";
import type { ExecService, ExecSpec, ExecStartOptions, ExecView } from "../routes/exec-service";
import type { AttachedProcess, ClientInput, OutputChunk, TerminalSize } from "../routes/stream-types";
import { carryInput } from "./client-input";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { startExec } from "./exec-process";
import { findContainer, unpausedRunOf } from "./find";
import { publishContainerEvent } from "./publish";

interface Exec {
  readonly id: string;
  readonly container: Container;
  readonly spec: ExecSpec;
  hasStarted: boolean;
  launch?: Promise<RuncProcess>;
  process: RuncProcess | undefined;
  exitCode: number | null;
}

/** As Docker: a program that cannot be started gives 126 whatever the reason, and the reason as output. */
const notStartedExitCode = 126;

/** Clients ask for the exit code once, right at the end; a container that is polled by execs for days has millions. */
const endedKept = 1000;

/** The exec sessions of all containers. They are forgotten with their container, and some time after their own end. */
export class ExecRegistry implements ExecService {
  readonly #context: ContainerContext;
  readonly #execs = new Map<string, Exec>();

  constructor(context: ContainerContext) {
    this.#context = context;
  }

  async create(containerRef: string, spec: ExecSpec): Promise<{ readonly id: string }> {
    const container = findContainer(this.#context, containerRef);
    unpausedRunOf(container, containerRef);
    this.#forgetOld();
    const exec: Exec = {
      id: randomId(),
      container,
      spec,
      hasStarted: false,
      process: undefined,
      exitCode: null,
    };
    this.#execs.set(exec.id, exec);
    container.execIds.add(exec.id);
    this.#publish(exec, `exec_create: ${spec.command.join(" ")}`);
    return { id: exec.id };
  }

  async start(id: string, options: ExecStartOptions): Promise<AttachedProcess> {
    const exec = this.#find(id);
    const run = this.#claim(exec);
    const output = createHub();
    const attached = { isTty: exec.spec.tty, output: shown(exec.spec, output.subscribe()) };
    // Not awaited: some clients lose what comes in one piece with the head of the answer, which is written next.
    void this.#startAttached(exec, run, output, options);
    return attached;
  }

  async #startAttached(exec: Exec, run: ContainerRun, output: Hub, options: ExecStartOptions): Promise<void> {
    try {
      const process = await this.#launch(exec, run, options.input !== undefined, options.size);
      if (options.input !== undefined) void this.#feed(exec, process, output, { ...options, input: options.input });
      await this.#follow(exec, process, output);
    } catch (error) {
      exec.exitCode = notStartedExitCode;
      exec.container.execIds.delete(exec.id);
      await output.push({ stream: "stdout", data: Buffer.from(`${execFailure(error)}\r\n`) });
      output.end();
    }
  }

  async #feed(
    exec: Exec,
    { stdin }: RuncProcess,
    output: Hub,
    { input, detachKeys, signal }: ExecStartOptions & { readonly input: ClientInput },
  ): Promise<void> {
    if (!stdin) {
      input.resume();
      return;
    }
    try {
      const end = await carryInput(input, stdin, { signal, ...(exec.spec.tty ? { detachKeys } : {}) });
      if (end === "ended") {
        stdin.end();
        return;
      }
      output.end();
      this.#publish(exec, "exec_detach");
    } catch {
      // The client broke off, or the process ended while we wrote: both are told elsewhere.
    }
  }

  async startDetached(id: string): Promise<void> {
    const exec = this.#find(id);
    const run = this.#claim(exec);
    try {
      const process = await this.#launch(exec, run, false, undefined);
      void this.#follow(exec, process, createHub());
    } catch (error) {
      exec.exitCode = notStartedExitCode;
      exec.container.execIds.delete(exec.id);
      throw new RuncibleError("invalid-argument", execFailure(error), { cause: error });
    }
  }

  async inspect(id: string): Promise<ExecView> {
    const { container, spec: asked, process, exitCode, hasStarted } = this.#find(id);
    const isRunning = hasStarted && exitCode === null;
    const user = asked.user ?? container.record.config.user;
    const spec = user === "" ? asked : { ...asked, user };
    return { id, containerId: container.id, spec, isRunning, pid: isRunning ? (process?.pid ?? 0) : 0, exitCode };
  }

  async resize(id: string, size: TerminalSize): Promise<void> {
    const exec = this.#find(id);
    // A terminal is told its size as soon as the start has been answered.
    await exec.launch?.catch(() => {});
    const { process, exitCode } = exec;
    if (process === undefined || exitCode !== null) throw noSuchExec(id);
    if (!(await process.resize(size))) throw noSuchExec(id);
  }

  /** Throws what `start` throws: only one start comes through. */
  #claim(exec: Exec): ContainerRun {
    if (exec.hasStarted) throw execAlreadyRan(exec.id);
    const run = unpausedRunOf(exec.container);
    exec.hasStarted = true;
    return run;
  }

  async #launch(
    exec: Exec,
    run: ContainerRun,
    hasStdin: boolean,
    size: TerminalSize | undefined,
  ): Promise<RuncProcess> {
    exec.launch = startExec(this.#context, exec.container, run, {
      spec: exec.spec,
      hasStdin,
      ...(size === undefined ? {} : { size }),
    });
    exec.process = await exec.launch;
    this.#publish(exec, `exec_start: ${exec.spec.command.join(" ")}`);
    return exec.process;
  }

  /** The exit code is known before the output ends: clients ask for it once, right at the end of the stream. */
  async #follow(exec: Exec, process: RuncProcess, output: Hub): Promise<void> {
    try {
      await pumpOutput(process, { deliver: output.push, hurry: output.hurry });
      exec.exitCode = (await process.exited).exitCode;
    } catch (error) {
      this.#context.logger.warn("follow exec", { exec: exec.id, error });
      exec.exitCode = notStartedExitCode;
    } finally {
      exec.container.execIds.delete(exec.id);
      output.end();
      this.#publish(exec, "exec_die", { exitCode: String(exec.exitCode) });
    }
  }

  #find(id: string): Exec {
    const exec = this.#execs.get(id);
    if (exec === undefined || this.#context.index.get(exec.container.id) === undefined) throw noSuchExec(id);
    return exec;
  }

  /** Orphans, and the oldest of those that have ended. */
  #forgetOld(): void {
    let surplus = [...this.#execs.values()].filter(({ exitCode }) => exitCode !== null).length - endedKept;
    for (const [id, { container, exitCode }] of this.#execs) {
      const isOrphan = this.#context.index.get(container.id) === undefined;
      const isSurplus = exitCode !== null && surplus-- > 0;
      if (isOrphan || isSurplus) this.#execs.delete(id);
    }
  }

  #publish(exec: Exec, action: string, more: Readonly<Record<string, string>> = {}): void {
    publishContainerEvent(this.#context, exec.container, action, { execID: exec.id, ...more });
  }
}

/** What the client asked to see. Of a terminal that is all or nothing. */
async function* shown(
  { attachStdout, attachStderr, tty }: ExecSpec,
  chunks: AsyncIterable<OutputChunk>,
): AsyncGenerator<OutputChunk> {
  for await (const chunk of chunks) {
    if (chunk.stream === "stdout" ? attachStdout : tty ? attachStdout : attachStderr) yield chunk;
  }
}

function execFailure(error: unknown): string {
  // Not runc's word: the user is looked up before.
  if (hasCode(error, "user-unknown")) return messageOf(error);
  return `OCI runtime exec failed: ${messageOf(error)}: unknown`;
}
