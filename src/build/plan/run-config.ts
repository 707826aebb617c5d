import { posix } from "node:path";
import { RuncibleError } from "../../internal/errors";
import type { HealthCheck, ImageRunConfig } from "../../runtime/image/manifest";
import { parseSignal } from "../../runtime/process/signals";
import type { Command, HealthCheckInstruction, Instruction } from "../dockerfile/instruction";

/** What a stage has come to, as far as configuration goes. */
export interface StageConfig {
  readonly config: ImageRunConfig;
  /** A CMD of this file outlives a later ENTRYPOINT; one of the base image does not. */
  readonly hasOwnCommand: boolean;
}

/** Instructions that change the configuration and nothing else. */
export type ConfigInstruction = Exclude<Instruction, { readonly kind: "ARG" | "RUN" | "COPY" | "ADD" }>;

export function isConfigInstruction(instruction: Instruction): instruction is ConfigInstruction {
  return !["ARG", "RUN", "COPY", "ADD"].includes(instruction.kind);
}

/**
 * The configuration after an instruction. `expand` puts variables in; a name and its value are expanded with what was
 * set before the instruction. Throws `invalid-argument`.
 */
export function applyInstruction(
  { config, hasOwnCommand }: StageConfig,
  instruction: ConfigInstruction,
  expand: (text: string) => string,
): StageConfig {
  const with_ = (change: ImageRunConfig): StageConfig => ({ config: { ...config, ...change }, hasOwnCommand });
  switch (instruction.kind) {
    case "ENV": {
      const pairs = instruction.pairs.map(([name, value]) => [expand(name), expand(value)] as const);
      return with_({ Env: setVariables(config.Env ?? [], pairs) });
    }
    case "LABEL": {
      const pairs = instruction.pairs.map(([name, value]) => [expand(name), expand(value)]);
      return with_({ Labels: { ...config.Labels, ...Object.fromEntries(pairs) } });
    }
    case "CMD":
      return { config: { ...config, Cmd: commandWords(instruction.command, config) }, hasOwnCommand: true };
    case "ENTRYPOINT": {
      const { Cmd, ...rest } = config;
      const kept = hasOwnCommand && Cmd !== undefined ? { Cmd } : {};
      return { config: { ...rest, ...kept, Entrypoint: commandWords(instruction.command, config) }, hasOwnCommand };
    }
    case "WORKDIR":
      return with_({ WorkingDir: posix.resolve(config.WorkingDir || "/", expand(instruction.path)) });
    case "USER":
      return with_({ User: expand(instruction.user) });
    case "VOLUME": {
      const paths = instruction.paths.map((path) => [expand(path), {}]);
      return with_({ Volumes: { ...config.Volumes, ...Object.fromEntries(paths) } });
    }
    case "EXPOSE": {
      const ports = instruction.ports.flatMap((port) => expand(port).split(/\s+/)).filter((port) => port !== "");
      const keys = ports.flatMap(portKeys).map((key) => [key, {}]);
      return with_({ ExposedPorts: { ...config.ExposedPorts, ...Object.fromEntries(keys) } });
    }
    case "STOPSIGNAL":
      return with_({ StopSignal: signalOf(expand(instruction.signal)) });
    case "SHELL":
      return with_({ Shell: instruction.shell });
    case "HEALTHCHECK":
      return with_({ Healthcheck: healthCheckOf(instruction) });
    case "ONBUILD":
      return with_({ OnBuild: [...(config.OnBuild ?? []), instruction.trigger] });
    case "MAINTAINER":
      return { config, hasOwnCommand };
  }
}

/** In place of a variable of the same name, else at the end. */
export function setVariables(
  environment: readonly string[],
  pairs: readonly (readonly [name: string, value: string])[],
): readonly string[] {
  const variables = new Map(environment.map((entry) => [entry.split("=", 1)[0] ?? "", entry]));
  for (const [name, value] of pairs) variables.set(name, `${name}=${value}`);
  return [...variables.values()];
}

/** As written. Throws `invalid-argument` when it is none. */
function signalOf(text: string): string {
  parseSignal(text);
  return text;
}

const defaultShell: readonly string[] = ["/bin/sh", "-c"];

export function shellOf({ Shell }: ImageRunConfig): readonly string[] {
  return Shell !== undefined && Shell.length > 0 ? Shell : defaultShell;
}

/** A line runs in the image's shell. */
export function commandWords(command: Command, config: ImageRunConfig): readonly string[] {
  return command.kind === "exec" ? command.words : [...shellOf(config), command.line];
}

function healthCheckOf({ command, ...times }: HealthCheckInstruction): HealthCheck {
  if (command === undefined) return { Test: ["NONE"] };
  const { intervalNs, timeoutNs, startPeriodNs, startIntervalNs, retries } = times;
  return {
    Test: command.kind === "exec" ? ["CMD", ...command.words] : ["CMD-SHELL", command.line],
    // Zero is the default, and Docker writes none.
    ...(intervalNs ? { Interval: intervalNs } : {}),
    ...(timeoutNs ? { Timeout: timeoutNs } : {}),
    ...(startPeriodNs ? { StartPeriod: startPeriodNs } : {}),
    ...(startIntervalNs ? { StartInterval: startIntervalNs } : {}),
    ...(retries ? { Retries: retries } : {}),
  };
}

/** `80`, `80/udp`, `8000-8010/tcp`; of `9000:80` the part behind the colon. */
function portKeys(text: string): readonly string[] {
  const [ports = "", protocol = "tcp"] = text.split("/");
  const [, first = "", last = first] = /^(?:.*:)?(\d{1,5})(?:-(\d{1,5}))?$/.exec(ports) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (!/^(tcp|udp|sctp)$/i.test(protocol)) throw new RuncibleError("invalid-argument", `Invalid proto: ${protocol}`);
  if (first === "" || from > to || to > 65_535) {
    throw new RuncibleError("invalid-argument", `Invalid containerPort: ${text}`);
  }
  return Array.from({ length: to - from + 1 }, (_, index) => `${from + index}/${protocol.toLowerCase()}`);
}
