import { withMissingVariables } from "../../internal/variables";
import type { ImageRunConfig } from "../../runtime/image/manifest";
import { formatPortKey } from "../../wire/ports";
import { changedConfig } from "../images/changed-config";
import type { CommitOptions } from "../routes/container-service";
import { encodeHealthCheck } from "../routes/encode-health";
import type { ContainerRecord } from "../state/container-record";

/**
 * What an image of a container runs: as the container, with what the request says instead. Changes are made to what the
 * request says, if it says anything, and else to the container's. Throws `invalid-argument`.
 */
export function committedConfig(
  record: ContainerRecord,
  image: ImageRunConfig,
  { config, changes }: Pick<CommitOptions, "config" | "changes">,
): ImageRunConfig {
  const container: ImageRunConfig = { ...image, ...containerConfig(record, image) };
  const isAsContainer = Object.keys(config).length === 0;
  return merged(changedConfig(isAsContainer ? container : config, changes), container);
}

function containerConfig({ config }: ContainerRecord, image: ImageRunConfig): ImageRunConfig {
  const { statedHealthCheck, stopSignal, workingDir } = config;
  const set = (names: readonly string[]): Record<string, object> => Object.fromEntries(names.map((name) => [name, {}]));
  return {
    User: config.user,
    Env: config.environment,
    Entrypoint: config.entrypoint,
    Cmd: config.command,
    // The root is where a container is of which nobody said where.
    WorkingDir: workingDir === "/" ? (image.WorkingDir ?? "") : workingDir,
    Labels: config.labels,
    ExposedPorts: set(config.exposedPorts.map(formatPortKey)),
    Volumes: set(config.volumes),
    ...(stopSignal === undefined ? {} : { StopSignal: stopSignal }),
    ...(statedHealthCheck === undefined ? {} : { Healthcheck: encodeHealthCheck(statedHealthCheck) }),
  };
}

/** As Docker merges: what is a set has both, and an entrypoint of one's own does without the container's command. */
function merged(own: ImageRunConfig, container: ImageRunConfig): ImageRunConfig {
  const { Cmd, ...rest } = container;
  const command = own.Cmd ?? (own.Entrypoint === undefined ? Cmd : undefined);
  return {
    ...rest,
    ...own,
    ...(command === undefined ? {} : { Cmd: command }),
    Env: withMissingVariables(own.Env ?? [], container.Env ?? []),
    Labels: { ...container.Labels, ...own.Labels },
    ExposedPorts: { ...container.ExposedPorts, ...own.ExposedPorts },
    Volumes: { ...container.Volumes, ...own.Volumes },
  };
}
