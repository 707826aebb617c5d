import { expand } from "../../build/dockerfile/expand";
import { parseTrigger } from "../../build/dockerfile/parse";
import { applyInstruction, isConfigInstruction, type StageConfig } from "../../build/plan/run-config";
import { RuncibleError } from "../../internal/errors";
import type { ImageRunConfig } from "../../runtime/image/manifest";
import { formatPortKey } from "../../wire/ports";
import type { CommitOptions } from "../routes/container-service";
import { encodeHealthCheck } from "../routes/encode-health";
import type { ContainerRecord } from "../state/container-record";

const allowed = [
  ...["CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL"],
  ...["ONBUILD", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"],
];

/** What an image of a container runs: as the container, with what the request says instead. Throws `invalid-argument`. */
export function committedConfig(
  record: ContainerRecord,
  image: ImageRunConfig,
  { config, changes }: Pick<CommitOptions, "config" | "changes">,
): ImageRunConfig {
  const merged: ImageRunConfig = { ...image, ...containerConfig(record), ...config };
  let stage: StageConfig = { config: merged, hasOwnCommand: true };
  for (const change of changes) {
    const instruction = parseTrigger(change, "\\");
    if (!isConfigInstruction(instruction) || !allowed.includes(instruction.kind)) {
      throw new RuncibleError("invalid-argument", `${instruction.kind} is not a valid change command`);
    }
    stage = applyInstruction(stage, instruction, unquoted);
  }
  return stage.config;
}

function containerConfig({ config }: ContainerRecord): ImageRunConfig {
  const { healthCheck, stopSignal } = config;
  const set = (names: readonly string[]): Record<string, object> => Object.fromEntries(names.map((name) => [name, {}]));
  return {
    User: config.user,
    Env: config.environment,
    Entrypoint: config.entrypoint,
    Cmd: config.command,
    WorkingDir: config.workingDir,
    Labels: config.labels,
    ExposedPorts: set(config.exposedPorts.map(formatPortKey)),
    Volumes: set(config.volumes),
    ...(stopSignal === undefined ? {} : { StopSignal: stopSignal }),
    ...(healthCheck === undefined ? {} : { Healthcheck: encodeHealthCheck(healthCheck) }),
  };
}

/** There are no variables here; quotes are taken off. */
function unquoted(text: string): string {
  return expand(text, new Map(), "\\");
}
