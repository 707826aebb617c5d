import type { ImageRunConfig } from "../../runtime/image/manifest";
import { formatPortKey } from "../../wire/ports";
import { changedConfig } from "../images/changed-config";
import type { CommitOptions } from "../routes/container-service";
import { encodeHealthCheck } from "../routes/encode-health";
import type { ContainerRecord } from "../state/container-record";

/**
 * What an image of a container runs: as the container, with what the request says instead. Throws `invalid-argument`.
 */
export function committedConfig(
  record: ContainerRecord,
  image: ImageRunConfig,
  { config, changes }: Pick<CommitOptions, "config" | "changes">,
): ImageRunConfig {
  const merged: ImageRunConfig = { ...image, ...containerConfig(record), ...config };
  return changedConfig(merged, changes);
}

function containerConfig({ config }: ContainerRecord): ImageRunConfig {
  const { statedHealthCheck, stopSignal } = config;
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
    ...(statedHealthCheck === undefined ? {} : { Healthcheck: encodeHealthCheck(statedHealthCheck) }),
  };
}
